/**
 * The file of a backup: a gzipped tar that any tar opens. First `hangtag-backup.json` (what this is), then the files,
 * last `SHA256SUMS` in the form that `sha256sum -c` reads. A file without that last entry is cut off.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Header } from 'tar';

export const aboutEntry = 'hangtag-backup.json';
export const sumsEntry = 'SHA256SUMS';
export const format = 1;

export interface About {
  readonly format: number;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
}

export interface ArchiveFolder {
  readonly kind: 'folder';
  /** Inside the archive, with slashes. */
  readonly name: string;
}
export interface ArchiveFile {
  readonly kind: 'file';
  readonly name: string;
  /** Bytes; a file whose content has another length fails the writing. */
  readonly size: number;
  content(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Level 3: the database shrinks to a tenth, and pictures do not shrink at any level. */
const compression = { level: 3 };

/** `advance`: told of every byte of content. The caller flushes the file. */
export async function writeArchive(
  file: string,
  entries: AsyncIterable<ArchiveFolder | ArchiveFile>,
  advance: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const sums: string[] = [];
  async function* blocks(): AsyncGenerator<Uint8Array> {
    const about: About = { format, createdAt: new Date().toISOString() };
    yield* fileBlocks(textFile(aboutEntry, `${JSON.stringify(about)}\n`), sums, () => {});
    for await (const entry of entries) {
      if (entry.kind === 'file') yield* fileBlocks(entry, sums, advance);
      else yield headerOf(`${entry.name}/`, 'Directory', 0);
    }
    yield* fileBlocks(textFile(sumsEntry, sums.join('')), [], () => {});
    yield Buffer.alloc(1024);
  }
  // Opened before anything can end it: a file that is made after its writer gave up is left behind.
  const out = (await open(file, 'w', 0o600)).createWriteStream();
  await pipeline(Readable.from(blocks(), { objectMode: false }), createGzip(compression), out, { signal });
}

async function* fileBlocks(
  { name, size, content }: ArchiveFile,
  sums: string[],
  advance: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  yield headerOf(name, 'File', size);
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of content()) {
    length += chunk.byteLength;
    if (length > size) break;
    hash.update(chunk);
    advance(chunk.byteLength);
    yield chunk;
  }
  if (length !== size) throw new Error(`${name} changed while it was read. Is something else using it?`);
  sums.push(`${hash.digest('hex')}  ${name}\n`);
  if (size % 512 > 0) yield Buffer.alloc(512 - (size % 512));
}

function headerOf(name: string, type: 'File' | 'Directory', size: number): Uint8Array {
  const mode = type === 'File' ? 0o600 : 0o700;
  const header = new Header({ path: name, mode, size, type, mtime: new Date(), uid: 0, gid: 0 });
  const needsMore = header.encode();
  if (needsMore || !header.block || /[\n\\]/.test(name))
    throw new Error(`${name} has a name or size that a backup cannot hold.`);
  return header.block;
}

function textFile(name: string, text: string): ArchiveFile {
  const bytes = Buffer.from(text);
  return { kind: 'file', name, size: bytes.byteLength, content: () => [bytes] };
}

/** How many of these files are pictures: whose the originals are stands in a file among them. */
export function countPictures(names: readonly string[]): number {
  return names.filter((name) => /(?:^|\/)[0-9a-f]{64}$/.test(name)).length;
}
