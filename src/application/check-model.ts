/**
 * Whether a model sees: known pictures, drawn here, must come closest to the sentence that says what is on them. It finds
 * towers that do not belong together, a wrong tokenizer, channels or rows in the wrong order: all of which give vectors
 * that look like any others. It measures no accuracy.
 */
import type { ImageModel, ModelCard, Pixels } from './ports.ts';
import type { TextTower } from './ports-clip.ts';

export interface CheckedModel {
  readonly card: ModelCard;
  readonly embed: ImageModel['embed'];
  /** null: a model that brings its own vectors has nothing to compare pictures with. */
  readonly clip: { readonly texts: TextTower; readonly scale: number } | null;
}

export interface Finding {
  readonly name: string;
  /** What was found, in a sentence. */
  readonly detail: string;
  readonly well: boolean;
}

type Rgb = readonly [number, number, number];

/** Colours that a CLIP should tell apart, and the sentence that goes with each. Not tried on trained weights: docs/models.md. */
const fields: readonly (readonly [string, Rgb])[] = [
  ['a plain red image', [220, 20, 20]],
  ['a plain green image', [20, 160, 40]],
  ['a plain blue image', [20, 50, 210]],
  ['a plain yellow image', [250, 225, 20]],
  ['a plain black image', [8, 8, 8]],
  ['a plain white image', [250, 250, 250]],
];
/** Of those, so many must come closest to their own sentence: one may be mistaken for its neighbour. */
const enough = fields.length - 1;

/** Raises what the model raises where it cannot be asked. `fingerprint`: the one that is expected; null for any. */
export async function checkModel(
  model: CheckedModel,
  fingerprint: string | null,
): Promise<readonly Finding[]> {
  const { card, clip } = model;
  const findings: Finding[] = [];
  if (fingerprint !== null) {
    const well = card.fingerprint === fingerprint;
    const detail = well ? fingerprint : `${card.fingerprint}, but ${fingerprint} was expected`;
    findings.push({ name: 'fingerprint', well, detail });
  }
  const pictures = fields.map(([, color]) => field(card.input.size, color));
  const vectors = await Promise.all(pictures.map((picture) => model.embed(picture)));
  findings.push(unit('vectors of pictures', vectors, card.dim));
  const again = await model.embed(pictures[0]!);
  const alike = dot(again, vectors[0]!);
  findings.push({
    name: 'the same picture twice',
    well: alike > 0.999,
    detail: `cosine ${alike.toFixed(5)}`,
  });
  const closest = Math.max(
    ...vectors.flatMap((one, index) => vectors.slice(index + 1).map((other) => dot(one, other))),
  );
  findings.push({
    name: 'different pictures',
    well: closest < 0.99999,
    detail: `cosine ${closest.toFixed(5)} at most`,
  });
  if (clip === null) return findings;

  const texts = await clip.texts.encode(fields.map(([text]) => text));
  findings.push(unit('vectors of texts', texts, card.dim));
  findings.push({
    name: 'scale',
    well: clip.scale >= 1 && clip.scale <= 200,
    detail: `${clip.scale.toFixed(3)} (1 to 200; a trained CLIP has about 100)`,
  });
  const right = vectors.filter((vector, index) => best(vector, texts) === index).length;
  findings.push({
    name: 'pictures and texts',
    well: right >= enough,
    detail: `${right} of ${fields.length} plain colours come closest to their own sentence (${enough} are enough)`,
  });
  return findings;
}

function field(size: number, color: Rgb): Pixels {
  const data = new Uint8Array(size * size * 3);
  for (let at = 0; at < data.length; at += 3) data.set(color, at);
  return { width: size, height: size, data };
}

function unit(name: string, vectors: readonly Float32Array[], dim: number): Finding {
  const lengths = vectors.map((vector) => Math.sqrt(dot(vector, vector)));
  const well =
    vectors.every((vector) => vector.length === dim) &&
    lengths.every((length) => Math.abs(length - 1) < 1e-3);
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)];
  return { name, well, detail: `${dim} numbers, length ${shortest.toFixed(5)} to ${longest.toFixed(5)}` };
}

function best(vector: Float32Array, texts: readonly Float32Array[]): number {
  const scores = texts.map((text) => dot(vector, text));
  return scores.indexOf(Math.max(...scores));
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}
