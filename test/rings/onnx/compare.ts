/** Opens an export as the service does and compares it with reference.py. usage: compare.ts FOLDER REFERENCE.json */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createSharpReader } from '../../../src/adapters/image/sharp.ts';
import { openOnnxClip } from '../../../src/adapters/inference/onnx-clip/open-onnx-clip.ts';

interface Reference {
  readonly texts: readonly { readonly text: string; readonly vector: number[] }[];
  readonly pictures: readonly { readonly file: string; readonly pixels: string; readonly vector: number[] }[];
  readonly scale: number;
}

const [directory = '', file = ''] = process.argv.slice(2);
const wanted = JSON.parse(readFileSync(file, 'utf8')) as Reference;
const limits = { maxBatch: 4, maxWaiting: 64, maxWaitingBytes: 2 ** 26, deadlineMs: 20_000 };
const model = await openOnnxClip({ directory, workers: 1, limits });
const side = model.card.input.size;
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, index) => sum + value * b[index]!, 0);

const texts = await model.texts.encode(wanted.texts.map(({ text }) => text));
const worstText = Math.min(...texts.map((vector, index) => dot(vector, wanted.texts[index]!.vector)));
const reader = createSharpReader({ concurrency: 1 });
let worstPicture = 1;
let worstFile = 1;
for (const { file: name, pixels, vector } of wanted.pictures) {
  const data = Uint8Array.from(Buffer.from(pixels, 'hex'));
  worstPicture = Math.min(worstPicture, dot(await model.embed({ width: side, height: side, data }), vector));
  const bytes = readFileSync(path.resolve(import.meta.dirname, '../../fixtures/images', name));
  const { input } = await reader.prepare(bytes, model.card.input);
  worstFile = Math.min(worstFile, dot(await model.embed(input), vector));
}
const { id, fingerprint, dim } = model.card;
await model.close();
const right = Math.abs(model.scale / wanted.scale - 1) < 1e-6;
console.log(
  `${id}@${fingerprint}: ${dim} numbers, scale ${model.scale.toFixed(3)}; smallest cosine to transformers: ` +
    `${worstText.toFixed(7)} of ${texts.length} texts, ${worstPicture.toFixed(7)} of ${wanted.pictures.length} pictures ` +
    `from the same pixels, ${worstFile.toFixed(5)} from the files`,
);
if (!(worstText >= 0.9999 && worstPicture >= 0.9999 && worstFile >= 0.995 && right)) {
  console.error('The export does not compute what the checkpoint does.');
  process.exitCode = 1;
}
