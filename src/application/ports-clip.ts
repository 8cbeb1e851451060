/** What a model with an image tower and a text tower gives, and where its text vectors are kept. See `ports.ts`. */
import type { ImageModel } from './ports.ts';

/** Gives unit vectors of texts in the space of the model's image vectors. Refuses as `ImageModel` does. */
export interface TextTower {
  /** Texts in one call, at most. */
  readonly maxTexts: number;
  /** In the order of the texts. */
  encode(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]>;
}

export interface ClipModel extends Omit<ImageModel, 'bank'> {
  readonly texts: TextTower;
  /** Multiplies a cosine: exp(logit_scale). A sigmoid model's bias cancels within an attribute and is not used. */
  readonly scale: number;
  /** How its text tower was trained: on casual captions in any case, or on lower-case canonical ones. */
  readonly family: 'clip' | 'siglip';
}

/**
 * A model that only compares: a picture and some captions in, a probability for each caption out. Refuses as `ImageModel`
 * does.
 */
export interface PromptScorer {
  readonly card: ImageModel['card'];
  /** Captions in one call; more only where they belong together. */
  readonly maxPrompts: number;
  /** In the order of the captions; they sum to 1. `picture`: a PNG. */
  score(picture: Uint8Array, prompts: readonly string[], signal?: AbortSignal): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** Text vectors by the sha256 of the text as it was sent, under a model key. Refuses with `store.unavailable`. */
export interface TextVectors {
  find(model: string, hashes: readonly string[]): Promise<ReadonlyMap<string, Float32Array>>;
  save(model: string, vectors: ReadonlyMap<string, Float32Array>): Promise<void>;
}
