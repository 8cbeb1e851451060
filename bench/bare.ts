/** The floor: decode and infer as the service does, without HTTP, hash, decisions and store. Prints CPU ms a picture. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createSharpReader } from '../src/adapters/image/sharp.ts';
import { createBundledModel } from '../src/adapters/inference/bundled.ts';

const [file, count] = [process.argv[2]!, Number(process.argv[3])];
const bytes = await readFile(file);
const reader = createSharpReader({ concurrency: 2 });
const limits = { maxBatch: 4, maxWaiting: 512, maxWaitingBytes: 2 ** 28, deadlineMs: 60_000 };
const model = await createBundledModel({ directory: path.resolve('models/bundled'), workers: 1, limits });

async function run(total: number): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next++ < total) await model.embed((await reader.prepare(bytes, model.card.input)).input);
  };
  await Promise.all(Array.from({ length: 16 }, lane));
}

await run(Math.min(50, count));
const before = process.cpuUsage();
await run(count);
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${(user + system) / 1000 / count}\n`);
await model.close();
