/**
 * `npm run bench:clip`: what a CLIP ViT-B/32 of true shape costs in this service, as ratios measured in one run. Its weights
 * are random, made by make.sh (Python; without it those rows are skipped): cost does not depend on them, quality is not
 * measured. Writes bench/clip-result.json.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { openOnnxClip } from '../../src/adapters/inference/onnx-clip/open-onnx-clip.ts';
import { decideProduct } from '../../src/domain/tagging/decide-product.ts';
import { cpuPerRequest, median, upload } from '../load.ts';
import { asAnother, photo } from '../pictures.ts';
import { type Running, startService } from '../process.ts';
import { randomBank, randomUnit, seedStore } from './captions.ts';
import { slotFigures } from './slots.ts';

const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const perRound = Number(process.env.BENCH_REQUESTS ?? 48);
const run = promisify(execFile);
const tsx = async (...args: string[]) =>
  (await run(process.execPath, ['--import', 'tsx', ...args], { maxBuffer: 2 ** 24 })).stdout;

interface Row {
  readonly name: string;
  readonly measured: number;
  readonly goal: number;
  readonly better: 'less' | 'more';
}
const rows: Row[] = [];

function report(name: string, measured: number, better: Row['better'], goal: number): void {
  rows.push({ name, measured, goal, better });
  const met = better === 'less' ? measured <= goal : measured >= goal;
  const sign = better === 'less' ? '<=' : '>=';
  process.stdout.write(
    `${met ? 'met   ' : 'MISSED'}  ${measured.toFixed(3).padStart(7)}  (goal ${sign} ${goal})  ${name}\n`,
  );
}

/** Operations of ViT-B/32's image tower for one picture of 224 pixels: 50 tokens, 12 layers of width 768. */
const towerGflop = (() => {
  const [tokens, width, layers] = [50, 768, 12];
  const layer = 12 * width ** 2 * tokens + 2 * tokens ** 2 * width;
  return (2 * (layers * layer + 49 * (32 * 32 * 3) * width + width * 512)) / 1e9;
})();

interface Cost {
  readonly decode: number;
  readonly one: number;
  readonly four: number;
}

const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-bench-'));
try {
  const { batchedOverDirect, aloneOverDirect } = await slotFigures();
  report('G4 pictures a second at 16 in flight: slot rule / one call each', batchedOverDirect, 'more', 5);
  report('G4 median of one in flight: slot rule / one call each', aloneOverDirect, 'less', 1.1);

  const made = await run('bash', ['bench/clip/make.sh']).then(
    ({ stdout }) => stdout.trim(),
    (error: { stderr?: string }) => {
      process.stdout.write(
        `skipped: G1, G1b, G2, G3, G9, G10. Making the model failed:\n${error.stderr ?? error}\n`,
      );
      return null;
    },
  );
  if (made !== null) await withModel(made);
} finally {
  await rm(folder, { recursive: true, force: true });
}
await writeFile('bench/clip-result.json', `${JSON.stringify(rows, null, 2)}\n`);

async function withModel(made: string): Promise<void> {
  const directory = path.join(made, 'clip');
  const small = path.join(folder, 'small.jpg');
  const large = path.join(folder, 'large.jpg');
  const [smallBytes, largeBytes] = [await photo(400, 533, 82), await photo(4000, 3000, 82)];
  await writeFile(small, smallBytes);
  await writeFile(large, largeBytes);
  const cost = async (variant: string, file: string): Promise<Cost> =>
    JSON.parse(await tsx('bench/clip/cost.ts', directory, variant, file, String(perRound)));

  const limits = { maxBatch: 1, maxWaiting: 8, maxWaitingBytes: 2 ** 24, deadlineMs: 60_000 };
  const clip = await openOnnxClip({ directory, variant: 'fp32', workers: 1, limits });
  await clip.close();
  const dataDir = path.join(folder, 'data');
  await seedStore(dataDir, clip.card);
  const service = await startService({
    DATA_DIR: dataDir,
    INFERENCE_BACKEND: 'onnx',
    ONNX_MODEL_DIR: directory,
    INFERENCE_WORKERS: '1',
  });
  for (let n = 0; n < 8; n++) await upload(service, `warm-${n}`, asAnother(smallBytes, `warm-${n}`));

  const figures = { small: [] as number[], large: [] as number[], lag: [] as number[] };
  const fp32 = { small: [] as Cost[], large: [] as Cost[] };
  const int8: Cost[] = [];
  const gemm: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await lagP99(service);
    const each = async (bytes: Buffer, name: string, count: number) =>
      cpuPerRequest(service, count, (n) =>
        upload(service, `${name}${round}-${n}`, asAnother(bytes, `${name}${round}-${n}`)),
      );
    figures.small.push(await each(smallBytes, 's', perRound));
    figures.lag.push(await lagP99(service));
    fp32.small.push(await cost('fp32', small));
    figures.large.push(await each(largeBytes, 'l', perRound));
    fp32.large.push(await cost('fp32', large));
    int8.push(await cost('quantized', small));
    gemm.push(Number(await tsx('bench/clip/gemm.ts', made)));
  }
  await service.stop();

  const of = (costs: readonly Cost[], read: (cost: Cost) => number) => median(costs.map(read));
  const one = of(fp32.small, (cost) => cost.one);
  report(
    'G1 CPU of a request, 400 px, 16 connections / bare decode and one picture at a time',
    median(figures.small) / of(fp32.small, (c) => c.decode + c.one),
    'less',
    1.05,
  );
  report(
    'G1b the same / bare decode and four at a time',
    median(figures.small) / of(fp32.small, (c) => c.decode + c.four),
    'less',
    1.45,
  );
  report(
    'G1b the same with pictures of 12 MP',
    median(figures.large) / of(fp32.large, (c) => c.decode + c.four),
    'less',
    1.65,
  );
  report(
    'G2 p99 of the event loop’s delay under that load / one picture in the model',
    median(figures.lag) / one,
    'less',
    0.8,
  );
  report(
    'G3 CPU of a picture alone / in a batch of four, fp32',
    of(fp32.small, (c) => c.one / c.four),
    'more',
    1.3,
  );
  report(
    'G3 the same, int8',
    of(int8, (c) => c.one / c.four),
    'more',
    1.3,
  );
  const speed = (ms: number) => (towerGflop * 1000) / ms;
  report(
    'G9 GFLOP/s of the model, one picture / of a matrix product of 2048',
    speed(one) / median(gemm),
    'more',
    0.6,
  );
  report('G9 the same, four pictures', speed(of(fp32.small, (c) => c.four)) / median(gemm), 'more', 0.85);
  report(
    'G10 CPU of scoring and deciding / of the model, int8, four pictures',
    (await scoringMs(clip.card)) / of(int8, (c) => c.four),
    'less',
    0.03,
  );
  process.stdout.write(
    `        one picture: fp32 ${one.toFixed(1)} ms, in fours ${of(fp32.small, (c) => c.four).toFixed(1)} ms; int8 ${of(int8, (c) => c.one).toFixed(1)} and ${of(int8, (c) => c.four).toFixed(1)} ms (CPU)\n`,
  );
}

/** ms, since the last look. */
async function lagP99(service: Running): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return 1000 * Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(text)?.[1]);
}

/** CPU ms of deciding everything about a product with one picture, over the whole taxonomy. */
async function scoringMs(card: Parameters<typeof randomBank>[0]): Promise<number> {
  const { taxonomy, bank } = await randomBank(card);
  const meaning = { taxonomy, bank, calibration: null };
  const decide = (n: number) =>
    decideProduct(meaning, {
      images: [{ index: 0, vector: randomUnit(card.dim, `p${n}`), view: null, variant: null, colors: [] }],
      category: null,
      attributes: null,
      explain: false,
    });
  for (let n = 0; n < 50; n++) decide(n);
  const before = process.cpuUsage();
  const count = 400;
  for (let n = 0; n < count; n++) decide(n);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / count;
}
