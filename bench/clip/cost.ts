/**
 * CPU of one picture in a CLIP of true shape, without a service: what the ratios are held against. Prints JSON, CPU ms:
 * `decode` and, per picture, the image tower alone and four at a time.
 * usage: cost.ts FOLDER fp32|quantized FILE COUNT
 */
import { readFile } from 'node:fs/promises';
import { createSharpReader } from '../../src/adapters/image/sharp.ts';
import { openOnnxClip } from '../../src/adapters/inference/onnx-clip/open-onnx-clip.ts';

const [directory = '', variant = '', file = '', many = ''] = process.argv.slice(2);
const count = Number(many);
const bytes = await readFile(file);
const reader = createSharpReader({ concurrency: 2 });

async function cpuEach(work: () => Promise<unknown>, lanes: number): Promise<number> {
  const all = async (total: number) => {
    let next = 0;
    const lane = async () => {
      while (next++ < total) await work();
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  };
  await all(Math.min(8, count));
  const before = process.cpuUsage();
  await all(count);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / count;
}

async function tower(maxBatch: number): Promise<number> {
  const limits = { maxBatch, maxWaiting: 512, maxWaitingBytes: 2 ** 28, deadlineMs: 120_000 };
  const model = await openOnnxClip({
    directory,
    variant: variant === 'fp32' ? 'fp32' : 'quantized',
    workers: 1,
    limits,
  });
  const { input } = await reader.prepare(bytes, model.card.input);
  // More lanes than a batch takes, so that every batch is full.
  const each = await cpuEach(() => model.embed(input), maxBatch === 1 ? 1 : 16);
  spec = model.card.input;
  await model.close();
  return each;
}

let spec = { size: 224, fit: 'crop', kernel: 'cubic' } as Parameters<typeof reader.prepare>[1];
const one = await tower(1);
const four = await tower(4);
const decode = await cpuEach(() => reader.prepare(bytes, spec), 4);
process.stdout.write(JSON.stringify({ decode, one, four }));
