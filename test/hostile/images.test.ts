/**
 * Every hostile image against the real service, in each of the three ways an image can be sent where LONG_RUNS is set,
 * else in one of them, in turn, and without the heaviest: the documented answer within the deadline, one process all the while, memory within bounds, and a good photo as good as before.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statusOf } from '../../src/http/error-response.ts';
import { problemSchema, tagSetSchema } from '../../src/http/wire-schemas.ts';
import { type Service, startService } from '../journeys/service.ts';
import { box } from './containers.ts';
import type { HostileImage, Verdict } from './hostile-image.ts';
import { hostileImages } from './make-images.ts';
import { forgetPeak, inMebibytes, memoryOf } from './memory.ts';

const photo = await readFile(path.resolve(import.meta.dirname, '../fixtures/images/tall.jpg'));
/** Milliseconds for one answer, two busy cores assumed. The service's own limit for one decode is 20 s. */
const deadline = 25_000;
/** Bytes above the idle service. One decode of 49 megapixels may take some 300 MB; a bomb takes many times that. */
const mostMemory = 700 * 2 ** 20;
const ways = ['raw', 'multipart', 'json'] as const;
type Way = (typeof ways)[number];

let folder: string;
let service: Service;
let idle: number | null;
/** Kept from their own turn for the burst. */
const heavy: { image: HostileImage; bytes: Buffer }[] = [];
const isHeavy = ({ name }: HostileImage) => /[1-9]\d megapixels|24.9|20 MiB|10,000|3,000 scans/.test(name);
const counts = new Map<string, number>();
const slow: [number, string][] = [];
const hungry: [number, string][] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-hostile-'));
  service = await startService({ DATA_DIR: folder, DURABILITY: 'relaxed', LOG_LEVEL: 'info' });
  await send('warm-up', 'raw', 'image/jpeg', photo);
  forgetPeak(service.process.pid!);
  idle = memoryOf(service.process.pid!)?.now ?? null;
});
afterAll(async () => {
  await service.stop('SIGKILL');
  await rm(folder, { recursive: true, force: true });
  console.info(report());
});

function send(id: string, way: Way, type: string, bytes: Buffer): Promise<Response> {
  const form = new FormData();
  if (way === 'multipart') form.append('image', new Blob([new Uint8Array(bytes)], { type }), 'photo.jpg');
  const json = () => JSON.stringify({ images: [{ base64: bytes.toString('base64') }] });
  const types = { raw: type, json: 'application/json', multipart: null };
  return fetch(`${service.url}/products/${encodeURIComponent(id)}/tags`, {
    method: 'POST',
    body: way === 'raw' ? new Uint8Array(bytes) : way === 'json' ? json() : form,
    ...(types[way] ? { headers: { 'content-type': types[way] } } : {}),
    signal: AbortSignal.timeout(deadline),
  });
}

const allowed = (image: HostileImage, way: Way): readonly Verdict[] =>
  (way === 'multipart' ? undefined : image[way]) ?? image.may;

/** The same picture as other bytes: one that was tagged before would not be decoded again. */
function unseen(bytes: Buffer): Buffer {
  const more = Buffer.concat([bytes, box('free', Buffer.from('burst'))]);
  return more.length > 20 * 2 ** 20 ? bytes : more;
}

async function verdict(answer: Response): Promise<Verdict> {
  if (answer.status === 200) {
    tagSetSchema.parse(await answer.json());
    return 'tagged';
  }
  const problem = problemSchema.parse(await answer.json());
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(answer.status).toBe(statusOf[problem.code as keyof typeof statusOf]);
  expect(JSON.stringify(problem).length).toBeLessThan(4000);
  return problem.code as Verdict;
}

describe(`${hostileImages.length} hostile images`, () => {
  test('there are enough of them, each under a name of its own', () => {
    expect(hostileImages.length).toBeGreaterThanOrEqual(150);
    expect(new Set(hostileImages.map(({ name }) => name)).size).toBe(hostileImages.length);
  });

  test.for(hostileImages)('$name', { timeout: 4 * deadline }, async (image, context) => {
    if (isHeavy(image) && !process.env.LONG_RUNS) return context.skip('heavy: needs LONG_RUNS');
    const bytes = await image.make();
    if (isHeavy(image)) heavy.push({ image, bytes });
    forgetPeak(service.process.pid!);
    const turn = ways[hostileImages.indexOf(image) % ways.length]!;
    for (const way of process.env.LONG_RUNS ? ways : [turn]) {
      const start = performance.now();
      let answer = await send(`${image.name} ${way}`, way, image.type, bytes);
      let found = await verdict(answer);
      // A machine that is busy with other things: load is shed, and a caller comes again.
      for (let turn = 0; found === 'service.overloaded' && turn < 30; turn++) {
        if (allowed(image, way).includes(found)) break;
        await new Promise((resolve) => setTimeout(resolve, 500));
        answer = await send(`${image.name} ${way}`, way, image.type, bytes);
        found = await verdict(answer);
      }
      slow.push([performance.now() - start, `${image.name} (${way})`]);
      counts.set(found, (counts.get(found) ?? 0) + 1);
      expect(allowed(image, way), `as ${way}`).toContain(found);
      expect(answer.headers.get('x-request-id')).toBeTruthy();
    }
    const memory = memoryOf(service.process.pid!);
    if (memory && idle !== null) {
      hungry.push([memory.peak - idle, image.name]);
      expect(memory.peak - idle, 'bytes above idle').toBeLessThan(mostMemory);
    }
    expect(service.process.exitCode).toBeNull();
  });

  test('the heaviest at the same time', { timeout: 8 * deadline }, async (context) => {
    if (!process.env.LONG_RUNS) return context.skip('needs LONG_RUNS');
    expect(heavy.length).toBeGreaterThan(15);
    forgetPeak(service.process.pid!);
    const found = await Promise.all(
      heavy.map(async ({ image, bytes }) =>
        verdict(await send(`burst ${image.name}`, 'raw', image.type, unseen(bytes))),
      ),
    );
    for (const [index, one] of found.entries()) {
      // Refusing for want of room is right when everything comes at once.
      expect(
        [...allowed(heavy[index]!.image, 'raw'), 'service.overloaded'],
        heavy[index]!.image.name,
      ).toContain(one);
    }
    const memory = memoryOf(service.process.pid!);
    if (memory && idle !== null) {
      hungry.push([memory.peak - idle, 'the heaviest together']);
      expect(memory.peak - idle, 'bytes above idle').toBeLessThan(
        mostMemory + 150 * availableParallelism() * 2 ** 20,
      );
    }
  });

  test('afterwards a good photo is tagged as before, nothing unforeseen was logged, and it stops in order', async () => {
    const answer = await send('good', 'raw', 'image/jpeg', photo);
    const before = await (await fetch(`${service.url}/products/warm-up/tags`)).json();
    expect(answer.status).toBe(200);
    expect(tagSetSchema.parse(await answer.json()).attributes).toEqual(tagSetSchema.parse(before).attributes);
    expect(service.log()).not.toContain('unexpected error');
    expect(await service.stop()).toBe(0);
  });
});

function report(): string {
  const most = (list: readonly [number, string][]) => [...list].sort(([a], [b]) => b - a).slice(0, 6);
  return [
    `hostile images: ${hostileImages.length}, answers: ${JSON.stringify(Object.fromEntries(counts))}`,
    `idle ${idle === null ? 'unknown' : inMebibytes(idle)} MiB; peak above it:`,
    ...most(hungry).map(([bytes, name]) => `  ${inMebibytes(bytes)} MiB  ${name}`),
    'slowest:',
    ...most(slow).map(([ms, name]) => `  ${Math.round(ms)} ms  ${name}`),
  ].join('\n');
}
