/** A catalogue by one import: images a second, against decoding and inference alone on the same machine. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { photo } from '../pictures.ts';
import { cpuMs, memory, type Running } from '../process.ts';
import { type PicturesServer, side } from './pictures-server.ts';

const each = 8;

export interface ImportingOptions {
  readonly name: string;
  readonly products: number;
  print(line: string): void;
}

interface Import {
  readonly id: string;
  readonly state: string;
  readonly progress: { readonly done: number; readonly failed: number };
}

export async function importing(
  service: Running,
  pictures: PicturesServer,
  { name, products, print }: ImportingOptions,
): Promise<void> {
  function* lines() {
    for (let n = 0; n < products; n++) {
      const images = Array.from({ length: each }, (_, i) => ({ url: `${pictures.url}/i/${n}-${i}.jpg` }));
      yield `${JSON.stringify({ productId: `import-${n}`, title: `Product ${n}`, images })}\n`;
    }
  }
  const cpu = cpuMs(service.pid);
  const rss = memory(service.pid).now;
  const start = performance.now();
  const answer = await fetch(`${service.url}/admin/imports`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: Readable.toWeb(Readable.from(lines())) as ReadableStream<Uint8Array>,
    duplex: 'half',
  } as RequestInit & { duplex: 'half' });
  if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
  let made = (await answer.json()) as Import;
  const received = (performance.now() - start) / 1000;
  let peak = rss;
  while (!['finished', 'failed', 'cancelled'].includes(made.state)) {
    await sleep(1000);
    peak = Math.max(peak, memory(service.pid).now);
    made = (await (await fetch(`${service.url}/admin/imports/${made.id}`)).json()) as Import;
  }
  const took = (performance.now() - start) / 1000;
  const images = products * each;
  const perImage = (cpuMs(service.pid) - cpu) / images;
  const bare = await bareCpu();
  print(
    `${name}: import of ${products} products of ${each} images of ${side} px: ${made.state}, ${made.progress.failed} failed; received in ${received.toFixed(1)} s; ` +
      `${(images / took).toFixed(0)} images/s, ${(products / took).toFixed(1)} products/s; CPU ${perImage.toFixed(2)} ms an image, ` +
      `${(perImage / bare).toFixed(2)} times decoding and inference alone (${bare.toFixed(2)} ms); memory ${rss.toFixed(0)} MiB before, ${peak.toFixed(0)} at its highest`,
  );
}

async function bareCpu(): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-bare-'));
  try {
    const file = path.join(folder, 'small.jpg');
    await writeFile(file, await photo(side, side, 80));
    const program = ['--import', 'tsx', 'bench/bare.ts', file, '400'];
    const { stdout } = await promisify(execFile)(process.execPath, program);
    return Number(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
