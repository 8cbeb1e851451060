/**
 * A power cut without a machine to cut: everything the database does to its files is recorded, and a disk is rebuilt from
 * a part of it. What was flushed is there. Of what was not, each write is there whole, in part, or not at all; of names
 * (files made, removed, renamed), which a file system keeps in a journal, those up to the last flush of anything are
 * there, and of the later ones a beginning.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { NodeFS } from '@electric-sql/pglite/nodefs';

/** Paths are relative to the database's directory. */
export type Operation =
  | { readonly kind: 'write'; readonly file: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'resize'; readonly file: string; readonly size: number }
  | { readonly kind: 'make' | 'remove' | 'flush'; readonly file: string; readonly folder: boolean }
  | { readonly kind: 'rename'; readonly file: string; readonly to: string }
  /** Somebody was told that this is durable. */
  | { readonly kind: 'promise'; readonly id: string; readonly revision: number };

interface Stream {
  readonly node: unknown;
  readonly nfd: number;
}
interface Node {
  readonly mode: number;
}
type WriteOp = (stream: Stream, from: Uint8Array, offset: number, length: number, at: number) => number;
interface Nodefs {
  realPath(node: unknown): string;
  readonly stream_ops: {
    write: WriteOp;
    setattr(stream: Stream, attributes: { size?: number }): void;
    fsync(stream: Stream): number;
  };
  readonly node_ops: {
    setattr(node: unknown, attributes: { size?: number }): void;
    mknod(parent: unknown, name: string, mode: number, device: number): Node;
    rename(node: unknown, folder: unknown, name: string): void;
    unlink(parent: unknown, name: string): void;
    rmdir(parent: unknown, name: string): void;
  };
}

const isFolder = (mode: number) => (mode & 0o170000) === 0o040000;

/** From the next opening on, what happens to the files is appended to `operations`. */
export function recordOperations(files: NodeFS, directory: string, operations: Operation[]): void {
  const init = files.init.bind(files);
  files.init = async (pg, options) => {
    const result = await init(pg, options);
    result.emscriptenOpts.preRun!.push((module: unknown) => {
      record((module as { readonly NODEFS: Nodefs }).NODEFS, directory, operations);
    });
    return result;
  };
}

function record(nodefs: Nodefs, directory: string, operations: Operation[]): void {
  const { stream_ops: streams, node_ops: nodes } = nodefs;
  const nameOf = (node: unknown, ...more: string[]) =>
    path.relative(directory, path.join(nodefs.realPath(node), ...more));
  const { write, fsync, setattr: resizeOpen } = { ...streams };
  const { setattr: resize, mknod, rename, unlink, rmdir } = { ...nodes };
  const resized = (node: unknown, { size }: { size?: number }) => {
    if (size !== undefined) operations.push({ kind: 'resize', file: nameOf(node), size });
  };

  streams.write = (stream, from, offset, length, at) => {
    const written = write(stream, from, offset, length, at);
    const bytes = Buffer.from(from.subarray(offset, offset + written));
    operations.push({ kind: 'write', file: nameOf(stream.node), at, bytes });
    return written;
  };
  streams.fsync = (stream) => {
    const folder = fs.fstatSync(stream.nfd).isDirectory();
    const result = fsync(stream);
    if (result === 0) operations.push({ kind: 'flush', file: nameOf(stream.node), folder });
    return result;
  };
  streams.setattr = (stream, attributes) => {
    resizeOpen(stream, attributes);
    resized(stream.node, attributes);
  };
  nodes.setattr = (node, attributes) => {
    resize(node, attributes);
    resized(node, attributes);
  };
  nodes.mknod = (parent, name, mode, device) => {
    const node = mknod(parent, name, mode, device);
    operations.push({ kind: 'make', file: nameOf(parent, name), folder: isFolder(node.mode) });
    return node;
  };
  nodes.rename = (node, folder, name) => {
    const file = nameOf(node);
    rename(node, folder, name);
    operations.push({ kind: 'rename', file, to: nameOf(folder, name) });
  };
  nodes.unlink = (parent, name) => {
    unlink(parent, name);
    operations.push({ kind: 'remove', file: nameOf(parent, name), folder: false });
  };
  nodes.rmdir = (parent, name) => {
    rmdir(parent, name);
    operations.push({ kind: 'remove', file: nameOf(parent, name), folder: true });
  };
}

export interface Cut {
  /** How many operations had happened. */
  readonly after: number;
  /** The chance that an unflushed write reached the disk, 0 to 1. */
  readonly keep: number;
  /** 0 to 1, a new one at each call. */
  readonly random: () => number;
}

/** Turns `target`, a copy of the directory as it was before the first operation, into what the cut leaves. */
export function cutPower(
  operations: readonly Operation[],
  target: string,
  { after, keep, random }: Cut,
): void {
  const happened = operations.slice(0, after);
  const { contents, flushed, lastFlush } = whatWasFlushed(happened);
  const namesUntil = lastFlush + Math.floor(random() * (after - lastFlush + 1));
  /** Where a file's content is found now, by the name it had when the recording knew it. */
  const place = new Map<number, string>();
  const absolute = (file: string) => path.join(target, file);
  for (const [index, operation] of happened.entries()) {
    const content = contents[index];
    if (operation.kind === 'write' || operation.kind === 'resize') {
      const survives = index < (flushed.get(content!) ?? -1);
      if (!survives && random() >= keep) continue;
      const file = absolute(place.get(content!) ?? operation.file);
      if (!fs.existsSync(file)) continue;
      if (operation.kind === 'resize') fs.truncateSync(file, operation.size);
      else writeAt(file, operation.at, survives ? operation.bytes : torn(operation.bytes, random));
    } else if (operation.kind === 'rename' || operation.kind === 'make' || operation.kind === 'remove') {
      if (index > namesUntil) continue;
      changeName(operation, absolute);
      if (operation.kind === 'rename') place.set(content!, operation.to);
    }
  }
}

/** Which content each operation is about (a number that a renaming keeps), and until when each was flushed. */
function whatWasFlushed(happened: readonly Operation[]) {
  const known = new Map<string, number>();
  const flushed = new Map<number, number>();
  let lastFlush = 0;
  let next = 0;
  const contents = happened.map((operation, index) => {
    if (operation.kind === 'promise') return null;
    const { kind, file } = operation;
    if (kind === 'make' || !known.has(file)) known.set(file, next++);
    const content = known.get(file)!;
    if (kind === 'remove') known.delete(file);
    if (kind === 'rename') {
      known.delete(file);
      known.set(operation.to, content);
    }
    if (kind === 'flush') {
      flushed.set(content, index);
      lastFlush = index;
    }
    return content;
  });
  return { contents, flushed, lastFlush };
}

function changeName(
  operation: Extract<Operation, { readonly kind: 'rename' | 'make' | 'remove' | 'flush' }>,
  absolute: (file: string) => string,
): void {
  const file = absolute(operation.file);
  if (operation.kind === 'rename') fs.renameSync(file, absolute(operation.to));
  else if (operation.kind === 'remove') fs.rmSync(file, { recursive: true });
  else if (operation.folder) fs.mkdirSync(file);
  else fs.writeFileSync(file, '');
}

/** Three times in ten only the first sectors. */
function torn(bytes: Buffer, random: () => number): Buffer {
  const sector = 512;
  if (random() >= 0.3) return bytes;
  return bytes.subarray(0, Math.floor((random() * bytes.length) / sector) * sector);
}

function writeAt(file: string, at: number, bytes: Buffer): void {
  const descriptor = fs.openSync(file, 'r+');
  try {
    fs.writeSync(descriptor, bytes, 0, bytes.length, at);
  } finally {
    fs.closeSync(descriptor);
  }
}
