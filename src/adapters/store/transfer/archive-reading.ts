/** A backup's file unpacked, and every content compared with its checksum: nothing is taken on trust. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { type About, aboutEntry, format, sumsEntry } from './archive.ts';

/** Where unpacked content goes. Names are relative, have no dots for segments, and come in the archive's order. */
export interface ArchiveSink {
  folder(name: string): Promise<void>;
  file(name: string, content: AsyncIterable<Uint8Array>): Promise<void>;
}

/** Of an archive that is whole: every file matches its checksum, none is missing. Else throws an Error that says so. */
export async function readArchive(
  file: string,
  sink: ArchiveSink,
  advance: (bytes: number) => void,
  signal: AbortSignal,
): Promise<About> {
  const found = new Map<string, string>();
  let about: About | null = null;
  let listed: string | null = null;
  let work: Promise<void> = Promise.resolve();

  async function take(entry: ReadEntry): Promise<void> {
    const name = entry.path.replace(/\/$/, '');
    if (listed !== null) throw new Error(`${entry.path} stands behind the checksums.`);
    if (path.posix.normalize(name) !== name || /^(\/|\.\.)|^$|\\/.test(name))
      throw new Error(`The backup holds a file with a forbidden name: ${entry.path}`);
    if (entry.type === 'Directory') {
      entry.resume();
      return sink.folder(name);
    }
    if (entry.type !== 'File') throw new Error(`${entry.path} is neither a file nor a folder.`);
    const hash = createHash('sha256');
    const content = hashed(entry, hash);
    if (name === aboutEntry && found.size === 0) about = readAbout(await textOf(content));
    else if (about === null) throw new Error('This is no backup of hangtag.');
    else if (name === sumsEntry) listed = await textOf(content);
    else await sink.file(name, content);
    if (name !== sumsEntry) found.set(name, hash.digest('hex'));
  }

  let failure: unknown = null;
  const failed = new AbortController();
  const entries: ReadEntry[] = [];
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      entries.push(entry);
      entry.on('error', () => {});
      // The next entry is announced as soon as this one is used up, before it is dealt with.
      work = work.then(() => take(entry));
      work.catch((error: unknown) => {
        failure ??= error;
        failed.abort();
      });
    },
  });
  const counting = new Transform({
    transform(chunk: Buffer, _, next) {
      advance(chunk.byteLength);
      next(null, chunk);
    },
  });
  try {
    const stop = AbortSignal.any([signal, failed.signal]);
    await pipeline(createReadStream(file), counting, createGunzip(), intoParser(parser), { signal: stop });
  } catch (error) {
    const reason = error as NodeJS.ErrnoException;
    failure ??= signal.aborted
      ? signal.reason
      : reason.syscall
        ? reason
        : new Error(`${file} is damaged or no backup: ${reason.message}`, { cause: error });
    // Whoever reads an entry that will not go on must not wait for it.
    for (const entry of entries) entry.destroy(reason);
  }
  await work.catch(() => {});
  if (failure) throw failure;
  if (!about) throw new Error(`${file} is no backup of hangtag.`);
  requireSums(found, listed);
  return about;
}

function readAbout(text: string): About {
  const about = JSON.parse(text) as About;
  if (about.format !== format)
    throw new Error(`The backup has format ${about.format}; this version of hangtag reads ${format}.`);
  return about;
}

function requireSums(found: ReadonlyMap<string, string>, listed: string | null): void {
  if (listed === null) throw new Error('The backup is cut off: its checksums are missing.');
  const sums = (listed as string)
    .split('\n')
    .filter(Boolean)
    .map((line) => [line.slice(66), line.slice(0, 64)] as const);
  const bad = sums.filter(([name, sum]) => found.get(name) !== sum).map(([name]) => name);
  const known = new Set(sums.map(([name]) => name));
  bad.push(...[...found.keys()].filter((name) => !known.has(name)));
  if (bad.length > 0)
    throw new Error(`The backup is damaged: ${bad.slice(0, 5).join(', ')} (${bad.length} in all) differ.`);
}

async function* hashed(
  entry: ReadEntry,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of entry) {
    const bytes = chunk as Buffer;
    hash.update(bytes);
    yield bytes;
  }
}

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** The parser as Node's own kind of stream, which waits while an entry is being used. */
function intoParser(parser: Parser): Writable {
  return new Writable({
    construct(ready) {
      parser.on('error', (error: Error) => this.destroy(error));
      ready();
    },
    write(chunk: Buffer, _, next) {
      if (parser.write(chunk)) next();
      else parser.once('drain', () => next());
    },
    final(done) {
      parser.once('end', () => done());
      parser.end();
    },
  });
}
