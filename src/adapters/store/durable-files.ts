/**
 * A file system for the embedded database on which fsync means fsync.
 *
 * Stock PGlite runs PostgreSQL with fsync off, and its file layer has no fsync anyway: a power cut loses or corrupts
 * what was acknowledged. Emscripten calls `stream_ops.fsync` of a file system where there is one, so it gets one here.
 * This leans on the inside of one exact version of a package; `proveDurability` therefore checks at every start
 * that a commit still arrives here.
 */
import fs from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { unavailable } from './failures.ts';

/** WASI errno for a failed write to the medium. PostgreSQL then stops itself, as it should. */
const EIO = 29;

export interface DurableFiles {
  readonly files: NodeFS;
  /** How often the database has had something flushed to the disk. */
  count(): number;
}

/** What is used of Emscripten's file system. */
interface EmscriptenStream {
  readonly nfd?: number;
  readonly node: unknown;
}
interface EmscriptenModule {
  readonly NODEFS: {
    readonly stream_ops: { fsync?: (stream: EmscriptenStream) => number };
    realPath(node: unknown): string;
  };
}

/** `flush`: given an open file, returns once its content is on the disk. */
export function createDurableFiles(
  directory: string,
  flush: (descriptor: number) => void = fs.fsyncSync,
): DurableFiles {
  let flushed = 0;
  const files = new NodeFS(directory);
  const init = files.init.bind(files);
  files.init = async (pg, options) => {
    const result = await init(pg, options);
    result.emscriptenOpts.preRun ??= [];
    result.emscriptenOpts.preRun.push((module: unknown) => {
      const { NODEFS } = module as EmscriptenModule;
      NODEFS.stream_ops.fsync = (stream) => {
        try {
          if (stream.nfd === undefined || stream.nfd === null) flushPath(NODEFS.realPath(stream.node), flush);
          else flush(stream.nfd);
          flushed++;
          return 0;
        } catch {
          return EIO;
        }
      };
    });
    return result;
  };
  return { files, count: () => flushed };
}

/** `fdatasync` does nothing in this build, so the WAL has to go out by `fsync`. */
export const durableSettings: readonly string[] = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
  ...['-c', 'fsync=on', '-c', 'wal_sync_method=fsync', '-c', 'synchronous_commit=on'],
];

/** Commits once and requires that the disk was asked to keep it; else refuses to go on with `store.unavailable`. */
export async function proveDurability(durable: DurableFiles, commit: () => Promise<void>): Promise<void> {
  const before = durable.count();
  await commit();
  if (durable.count() === before) {
    throw unavailable(
      'The embedded database does not flush its commits to the disk, so a power cut would lose them. ' +
        'hangtag refuses to start. Use PostgreSQL (DATABASE_URL), or DURABILITY=relaxed to accept the loss.',
    );
  }
}

function flushPath(path: string, flush: (descriptor: number) => void): void {
  const descriptor = fs.openSync(path, 'r');
  try {
    flush(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
