/**
 * Everything the use-cases need from outside, in the domain's words. Read this first.
 * Store and Originals have several implementations, which pass one contract suite under `test/contracts/`. Those of
 * ImageModel are held against each other in `test/rings/`. ImageReader and TaxonomySource have one each; tests of the
 * use-cases put behaving fakes in their place.
 */

import type { VectorBank } from '../domain/tagging/bank.ts';
import type { Calibration } from '../domain/tagging/calibration.ts';
import type { Admitted, TagInput } from '../domain/tagging/input-order.ts';
import type { ColorShare, TagSet } from '../domain/tagging/types.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import type { RemovalBook } from './ports-originals.ts';
import type { AnsweredCall } from './ports-work.ts';

/** How a model wants its pictures. Read from the model, never assumed. */
export interface InputSpec {
  /** Side of the square input, pixels. */
  readonly size: number;
  /** squash: both sides to `size`; crop: shorter side to `size`, then the middle; pad: longer side, border colour around. */
  readonly fit: 'squash' | 'crop' | 'pad';
  readonly kernel: 'cubic' | 'linear' | 'lanczos3';
  /** crop: the shorter side goes to this, pixels; `size` unless told. */
  readonly resizeTo?: number;
  /** crop: where an odd number of pixels is left over. Half to even unless told, as torchvision does. */
  readonly cropOffset?: 'half-even' | 'floor';
  /** pad: RGB around the picture, 0 to 255; the colour of the picture's border unless told. */
  readonly fill?: readonly [number, number, number];
}

/** RGB pixels, 8 bit, row-major, three bytes a pixel. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface ImageFacts {
  /** Of the bytes as received, hex. */
  readonly sha256: string;
  /** Pixels, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** By content: jpeg, png, webp, avif, gif, tiff. */
  readonly format: string;
  /** Bytes. */
  readonly size: number;
}

export interface PreparedImage {
  readonly facts: ImageFacts;
  /** As the model wants it: `spec.size` squared. */
  readonly input: Pixels;
  /** A small copy of the whole picture in its own proportions, for measuring colour. */
  readonly thumbnail: Pixels;
  /** Opacity of the thumbnail's pixels, 0 to 255, where the picture has any transparency. */
  readonly alpha: Uint8Array | null;
}

/**
 * Reads untrusted bytes. Refuses with `image.unreadable`, `image.unsupported_type`, `image.too_large`; with
 * `service.overloaded` where too much is being decoded already. Nothing is decoded before its pixels are counted.
 */
export interface ImageReader {
  prepare(bytes: Uint8Array, spec: InputSpec, signal?: AbortSignal): Promise<PreparedImage>;
}

/** What a model says of itself. */
export interface ModelCard {
  readonly backend: 'bundled' | 'onnx' | 'sagemaker';
  readonly id: string;
  /** Changes whenever weights or preprocessing change (first 12 hex digits of a sha256). */
  readonly fingerprint: string;
  readonly license: string;
  readonly dim: number;
  readonly input: InputSpec;
  /** Plain sentences: what this model does not do. */
  readonly refuses: readonly string[];
}

/**
 * Gives unit vectors. Refuses with `service.overloaded` when its queue is full, `inference.timeout`, `inference.unavailable`.
 * One bad picture cannot fail another's call.
 */
export interface ImageModel {
  readonly card: ModelCard;
  embed(input: Pixels, signal?: AbortSignal): Promise<Float32Array>;
  /** false: what it gives for a picture is good for one call and is not stored. Stored unless told. */
  readonly keepsVectors?: boolean;
  /** The vectors of the taxonomy's values in this model's space. */
  bank(taxonomy: Taxonomy): Promise<VectorBank>;
  close(): Promise<void>;
}

/** Pixels as a file that any decoder reads without loss. */
export type EncodePicture = (pixels: Pixels) => Promise<Uint8Array>;

/** What is known of a picture's content, kept by sha256 so that the same picture is never worked twice. */
export interface StoredImage {
  readonly facts: ImageFacts;
  readonly colors: readonly ColorShare[];
}

export interface HistoryEntry {
  readonly revision: number;
  readonly tagSet: TagSet;
  readonly cause: string;
  /** RFC 3339, UTC. */
  readonly at: string;
}

/**
 * Which products, in which order. Conditions are joined by "and".
 * updated: latest change first. uncertainty: least sure first.
 */
export interface ProductQuery {
  /** Accepted category, any of these; null for all. */
  readonly categories: readonly string[] | null;
  /** Accepted tags (`color/navy`): of every group at least one, in any variant. */
  readonly tags: readonly (readonly string[])[];
  readonly review: 'pending' | 'done' | null;
  /** Only products with a picture that could not be used. */
  readonly failed: boolean;
  readonly sort: 'updated' | 'uncertainty';
  readonly limit: number;
  readonly after: ListPosition | null;
}

/** Where a page ended. Products that changed after the first page was read are left out of the later ones. */
export interface ListPosition {
  /** What the list is sorted by: microseconds since 1970, or the uncertainty. */
  readonly key: number;
  /** Settles ties, ascending. */
  readonly productId: string;
  /** When the first page was read, microseconds since 1970. */
  readonly asOf: number;
}

export interface ProductPage {
  readonly items: readonly TagSet[];
  /** null at the end. */
  readonly next: ListPosition | null;
}

/** What one tagging run asks the store to make durable, all of it or nothing. */
export interface TagWrite {
  readonly productId: string;
  /** Why: `request`, `review`, `webhook`, `import`; later `retag`. */
  readonly cause: string;
  /** The operation, import or job behind it, if any. */
  readonly causeId?: string;
  /** The pictures behind the answer; those already known are left as they are. */
  readonly images: readonly StoredImage[];
  /** Vectors to keep, by sha256, under `model` (fingerprint and preprocessing). */
  readonly model: string;
  readonly vectors: ReadonlyMap<string, Float32Array>;
  /** The input that this run answers; null for what is no input, such as a review. */
  readonly input: TagInput | null;
  /** Remembered with its answer, in the same transaction, for 24 hours. */
  readonly call: AnsweredCall | null;
  /**
   * Given the current TagSet (locked until the write is done) or null, what should stand afterwards.
   * `revise: false` updates in place under the same revision; null leaves everything as it is.
   * `admitted`: what the input may still write, null where a newer one came first. Called at least once; pure.
   */
  decide(current: TagSet | null, admitted: Admitted | null): Decided | null;
  /** The version of what its shop says that the answer rests on; `CatalogMoved` is thrown where it is another by now. */
  readonly catalog?: number;
  /** A withdrawn product comes back with what it had: `decide` is given that. Else it comes back as a new one. */
  readonly revives?: boolean;
  /** Pictures whose originals were written anew after a removal that was over: sha256 -> that removal's ticket. */
  readonly restored?: ReadonlyMap<string, string>;
}

export interface Decided {
  readonly tagSet: TagSet;
  readonly revise: boolean;
}

/** What a call with an `Idempotency-Key` was answered. */
export interface StoredAnswer {
  /** sha256 of what was asked, hex. */
  readonly content: string;
  /** One of the two. */
  readonly tagSet: TagSet | null;
  readonly operationId: string | null;
}

/**
 * TagSets with their history, and what is known of images. Every resolved write survives a crash of the process or
 * the machine. Refuses with `store.unavailable`.
 */
export interface Store extends RemovalBook {
  /** Known facts and vectors of these images, where both exist under `model`. */
  findImages(
    sha256s: readonly string[],
    model: string,
  ): Promise<ReadonlyMap<string, StoredImage & { readonly vector: Float32Array }>>;
  /**
   * The TagSet as decided, its revision set by the store: 1 for the first, one more for each that `revise`s.
   * Explanations (`withoutExplanations`) stay in this answer and are not kept. The current TagSet where `decide` gives
   * null; raises `product.not_found` then if there is none. A `call` that was answered meanwhile: that answer, and
   * nothing is written; `idempotency.conflict` where it asked for something else. Throws `RemovalsMet`, with nothing
   * written, where an original was removed that `restored` does not name.
   */
  saveTags(write: TagWrite): Promise<TagSet>;
  /** The next place in the order in which inputs are accepted, by all processes on this store. */
  nextSequence(): Promise<number>;
  /** What a call was answered within the last 24 hours. */
  findAnswer(scope: string, key: string): Promise<StoredAnswer | null>;
  findTags(productId: string): Promise<TagSet | null>;
  /** Newest first; with `before`, only revisions older than that one. */
  history(productId: string, limit: number, before?: number): Promise<readonly HistoryEntry[]>;
  /** A page of products, see `ProductQuery`. */
  list(query: ProductQuery): Promise<ProductPage>;
  /**
   * Forgets the product, its history, and the facts and vectors of pictures that no other product and no other history
   * mentions, all in one transaction, which also marks their originals for removal. Gives the sha256s of those
   * pictures. Of the product stays a hash of its id with its last revision, from which a later TagSet counts on.
   * An unknown product is no fault.
   */
  deleteProduct(productId: string): Promise<readonly string[]>;
  /** Resolves if the store can be written to right now. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface TaxonomySource {
  /** Throws `TaxonomyError`, which lists every problem by file and path. */
  load(): Promise<Taxonomy>;
  /** The calibration fitted for this model under this taxonomy version, or null. */
  calibration(modelId: string, taxonomy: Taxonomy): Promise<Calibration | null>;
}

/** The colours of a picture's product; `domain/color/measure.ts`. A type here so that it can be wrapped. */
export type MeasureColors = (thumbnail: Pixels, alpha: Uint8Array | null) => readonly ColorShare[];

/** Told by a bounded queue as it changes: how many items wait, how many it just sent to be worked together, and how much is in work. */
export interface QueueWatch {
  waiting(items: number): void;
  sent(items: number): void;
  /** In work right now, in the unit that the queue's capacity has: batches, or cores. */
  running(amount: number): void;
}

/** Told of every call of a remote model. */
export interface EndpointWatch {
  /** Seconds of one try. */
  called(result: 'ok' | 'failed', seconds: number): void;
  /** Another try follows: at once, or later because the endpoint asked for room. */
  retried(chance: 'again' | 'later' | 'never'): void;
  /** open: it keeps failing and is left alone; half-open: one call finds out. */
  circuit(state: 'closed' | 'open' | 'half-open'): void;
}

/** Now, RFC 3339 in UTC. */
export type Clock = () => string;

/** sha256 of bytes, lowercase hex. */
export type ContentHash = (bytes: Uint8Array) => string;
