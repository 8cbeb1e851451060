/**
 * One file of the hub to disk: into `<name>.part`, from where an earlier try ended, and under its own name only when it
 * is whole and has the expected sha256.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Hub, HubAway, type HubFile } from './hub.ts';

export interface DownloadOptions {
  readonly hub: Hub;
  /** Absolute; its folder is made. */
  readonly to: string;
  /** sha256 that it must have, hex; null where nobody knows. */
  readonly expected: string | null;
  /** Bytes of the whole file; null where nobody knows. */
  readonly size: number | null;
  /** Bytes that were got, or given back where a part had to be thrown away (negative). */
  advance(bytes: number): void;
  /** Milliseconds that a body may stand still. */
  readonly stallMs?: number;
}

export interface Downloaded {
  readonly sha256: string;
  readonly size: number;
}

/** The content is not what was recorded or announced. */
export class ChangedFile extends Error {
  constructor(name: string, expected: string, got: string) {
    super(
      `${name} is not what it was: sha256 ${expected} was expected, ${got} came. Nothing was put in place.`,
    );
  }
}

/** Throws a sentence for people; a part that may be continued stays. */
export async function download(file: HubFile, options: DownloadOptions): Promise<Downloaded> {
  const { hub, to, expected } = options;
  const part = `${to}.part`;
  await mkdir(path.dirname(to), { recursive: true });
  let got = 0;
  let seen = 0;
  const advance = (bytes: number) => {
    got += bytes;
    options.advance(bytes);
  };
  await hub.patiently(
    () => fill(file, part, { ...options, advance }),
    () => {
      const moved = got > seen;
      seen = got;
      return moved;
    },
  );
  const [sha256, size] = [await hashOf(part), await sizeOf(part)];
  if (expected !== null && sha256 !== expected) {
    await rm(part, { force: true });
    throw new ChangedFile(file.name, expected, sha256);
  }
  await rename(part, to);
  return { sha256, size };
}

/** Resolves when the part is whole. */
async function fill(file: HubFile, part: string, options: DownloadOptions): Promise<void> {
  let have = await sizeOf(part);
  if (options.size !== null && have === options.size && have > 0) return;
  if (options.size !== null && have > options.size) have = await discard(part, have, options);
  const { response, size: said } = await options.hub.get(file, have > 0 ? { from: have } : undefined);
  const size = said ?? options.size;
  if (response.status === 416) {
    // The part is longer than the file, so it is of another one.
    await response.body?.cancel();
    await discard(part, have, options);
    throw new HubAway(`${file.name} is shorter than what is there of it.`);
  }
  const start = Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? 0);
  if (response.status === 206 && start !== have) {
    await response.body?.cancel();
    await discard(part, have, options);
    throw new HubAway(`${file.name} came from byte ${start} on, not from ${have}.`);
  }
  if (response.status === 200 && have > 0) have = await discard(part, have, options);
  await append(response, part, options);
  const now = await sizeOf(part);
  if (size !== null && now < size) throw new HubAway(`${file.name} broke off after ${now} of ${size} bytes.`);
  if (size !== null && now > size) {
    await discard(part, now, options);
    throw new HubAway(`${file.name} came with ${now} bytes instead of ${size}.`);
  }
}

async function discard(part: string, have: number, { advance }: DownloadOptions): Promise<0> {
  await rm(part, { force: true });
  advance(-have);
  return 0;
}

async function append(response: Response, part: string, options: DownloadOptions): Promise<void> {
  if (!response.body) throw new HubAway('The answer has no body.');
  const { advance, stallMs = 60_000 } = options;
  const reader = response.body.getReader();
  const target = await open(part, 'a');
  try {
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const stalled = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no byte came for ${stallMs / 1000} s`)), stallMs);
      });
      const piece = await Promise.race([reader.read(), stalled])
        .catch((cause: unknown) => {
          if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
          throw new HubAway('The connection broke off.', { cause });
        })
        .finally(() => clearTimeout(timer));
      if (piece.done) break;
      await target.writeFile(piece.value);
      advance(piece.value.byteLength);
    }
    await target.sync();
  } finally {
    await target.close();
    await reader.cancel().catch(() => {});
  }
}

export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** 0 where there is none. */
export async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
