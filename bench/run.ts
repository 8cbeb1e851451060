/**
 * `npm run bench`: ratios measured in one run, cases interleaved, medians. A ratio survives a busy machine; a
 * millisecond does not. Writes bench/result.json and prints a table with each goal met or missed.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { createSharpReader } from '../src/adapters/image/sharp.ts';
import { cpuPerRequest, median, upload } from './load.ts';
import { asAnother, photo } from './pictures.ts';
import { memory, type Running, startServer, startService } from './process.ts';

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const perRound = Number(process.env.BENCH_REQUESTS ?? 120);
interface Result {
  readonly name: string;
  readonly measured: number;
  readonly goal: number;
}

const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-bench-'));
const results: Result[] = [];

/** At once, so that what was measured is not lost with what comes after. */
function report(result: Result): void {
  results.push(result);
  const { name, measured, goal } = result;
  process.stdout.write(
    `${measured <= goal ? 'met   ' : 'MISSED'}  ${measured.toFixed(3).padStart(7)}  (goal <= ${goal})  ${name}\n`,
  );
}

try {
  const small = await photo(400, 533, 82);
  const large = await photo(4000, 3000, 82);
  const file = path.join(folder, 'small.jpg');
  await writeFile(file, small);

  const service = await startService({ DATA_DIR: path.join(folder, 'data') });
  const fresh: number[] = [];
  const repeated: number[] = [];
  const bare: number[] = [];
  const freshLarge: number[] = [];
  const repeatedLarge: number[] = [];
  for (let n = 0; n < 40; n++) await upload(service, `warm-${n}`, asAnother(small, `warm-${n}`));
  for (let round = 0; round < rounds; round++) {
    const name = (n: number) => `r${round}-${n}`;
    fresh.push(
      await cpuPerRequest(service, perRound, (n) => upload(service, name(n), asAnother(small, name(n)))),
    );
    repeated.push(
      await cpuPerRequest(service, perRound, (n) => upload(service, name(n), asAnother(small, name(n)))),
    );
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      'bench/bare.ts',
      file,
      String(perRound),
    ]);
    bare.push(Number(stdout));
    const few = Math.max(8, Math.round(perRound / 8));
    freshLarge.push(
      await cpuPerRequest(service, few, (n) => upload(service, `L${name(n)}`, asAnother(large, name(n)))),
    );
    repeatedLarge.push(
      await cpuPerRequest(service, few, (n) => upload(service, `L${name(n)}`, asAnother(large, name(n)))),
    );
  }
  report({
    name: 'CPU per durably stored request / bare decode and inference, 16 connections',
    measured: median(fresh) / median(bare),
    goal: 2.5,
  });
  report({
    name: 'G6 CPU of a duplicate / of a new image, 400 px',
    measured: median(repeated) / median(fresh),
    goal: 0.08,
  });
  report({
    name: 'G6 the same, 12 MP',
    measured: median(repeatedLarge) / median(freshLarge),
    goal: 0.25,
  });
  report({
    name: 'G11 HTTP, hash, JSON and log of a 50 KB request / the whole request',
    measured: (await doorCpu(service, await photo(560, 746, 90))) / median(fresh),
    goal: 0.05,
  });
  await service.stop();
  report({
    name: 'G7 peak memory over idle, 16 AVIF of 12 MP: with admission / without',
    measured: (await avifBurst('admitted')) / (await avifBurst('open')),
    goal: 0.35,
  });

  const idle = await startService({ DATA_DIR: path.join(folder, 'burst') });
  await upload(idle, 'warm', small);
  const before = memory(idle.pid).now;
  const burst = Array.from({ length: 64 }, (_, n) => asAnother(large, `b${n}`));
  await Promise.allSettled(burst.map((body, n) => upload(idle, `b${n}`, body)));
  const bytes = burst.reduce((sum, body) => sum + body.length, 0) / 2 ** 20;
  report({
    name: `G7b peak memory over idle / bytes in flight (64 JPEGs of 12 MP, ${bytes.toFixed(0)} MiB)`,
    measured: (memory(idle.pid).peak - before) / bytes,
    goal: 2.5,
  });
  await idle.stop();

  report({
    name: 'G8 difference to PIL / difference of a JPEG q90 round trip',
    measured: await parity(),
    goal: 0.2,
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** CPU ms of a request to a service that answers at once with what the real one answered. */
async function doorCpu(service: Running, body: Buffer): Promise<number> {
  const answer = await fetch(`${service.url}/products/warm-1/tags`);
  const file = path.join(folder, 'answer.json');
  await writeFile(file, await answer.text());
  const door = await startServer(['--import', 'tsx', 'bench/door.ts', file]);
  const turns: number[] = [];
  await cpuPerRequest(door, 200, (n) => upload(door, `warm-${n}`, body));
  for (let round = 0; round < rounds; round++)
    turns.push(await cpuPerRequest(door, 500, (n) => upload(door, `d${round}-${n}`, body)));
  await door.stop();
  return median(turns);
}

/** MiB. Without admission libuv gets as many threads as such a service would give it. */
async function avifBurst(how: 'admitted' | 'open'): Promise<number> {
  const env = { ...process.env, ...(how === 'open' ? { UV_THREADPOOL_SIZE: '16' } : {}) };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', 'bench/avif-burst.ts', how],
    { env },
  );
  return Number(stdout);
}

/** Mean difference of our resizing to PIL's on the fixtures, over what re-encoding the reference would cost. */
async function parity(): Promise<number> {
  const fixtures = path.resolve('test/fixtures/images');
  const reader = createSharpReader({ concurrency: 1 });
  const ratios: number[] = [];
  for (const name of ['tall.jpg', 'wide.jpg', 'large.jpg']) {
    const reference = await sharp(await readFile(path.join(fixtures, `${name}.squash128.png`)))
      .removeAlpha()
      .raw()
      .toBuffer();
    const { input } = await reader.prepare(await readFile(path.join(fixtures, name)), {
      size: 128,
      fit: 'squash',
      kernel: 'cubic',
    });
    const lossy = await sharp(
      await sharp(reference, { raw: { width: 128, height: 128, channels: 3 } })
        .jpeg({ quality: 90 })
        .toBuffer(),
    )
      .raw()
      .toBuffer();
    ratios.push(difference(input.data, reference) / difference(lossy, reference));
  }
  return median(ratios);
}

function difference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, index) => sum + Math.abs(value - b[index]!), 0) / a.length;
}

await writeFile('bench/result.json', `${JSON.stringify(results, null, 2)}\n`);
