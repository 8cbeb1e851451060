/**
 * Files as a .tar.gz whose bytes depend on names and contents alone: no time, owner, umask, Node version or processor.
 * Compressors differ between versions and machines, so nothing is compressed: a model folder is some kilobytes of
 * program, and weights hardly shrink.
 */
import { crc32 } from 'node:zlib';
import { DeployFault } from '../../application/ports-deploy.ts';

export interface TarEntry {
  /** With forward slashes; a folder ends with one. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** POSIX ustar: entries in the order given, then two empty blocks. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ name, bytes }) => [
    header(name, bytes.byteLength),
    bytes,
    Buffer.alloc((512 - (bytes.byteLength % 512)) % 512),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  const folder = name.endsWith('/');
  const { prefix, rest } = split(name);
  block.write(rest, 0);
  octal(folder ? 0o755 : 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.fill(' ', 148, 156);
  block.write(folder ? '5' : '0', 156);
  block.write('ustar\0', 257, 'latin1');
  block.write('00', 263);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;

  function octal(value: number, at: number, width: number): void {
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  }
}

/** ustar has 100 bytes for a name and 155 for the folders before it. */
function split(name: string): { prefix: string; rest: string } {
  if (Buffer.byteLength(name) <= 100) return { prefix: '', rest: name };
  for (let at = name.indexOf('/'); at > 0 && at < name.length - 1; at = name.indexOf('/', at + 1)) {
    const prefix = name.slice(0, at);
    const rest = name.slice(at + 1);
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(rest) <= 100) return { prefix, rest };
  }
  throw new DeployFault(`This name is too long for an archive: ${name}`, { nothingBegun: true });
}

/** RFC 1952 around stored blocks of RFC 1951: no time, no name, no system. */
export function gzipStored(bytes: Uint8Array): Buffer {
  const parts: Uint8Array[] = [Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])];
  const most = 0xffff;
  for (let at = 0; at === 0 || at < bytes.byteLength; at += most) {
    const chunk = bytes.subarray(at, at + most);
    const head = Buffer.alloc(5);
    head.writeUInt8(at + most >= bytes.byteLength ? 1 : 0, 0);
    head.writeUInt16LE(chunk.byteLength, 1);
    head.writeUInt16LE(chunk.byteLength ^ 0xffff, 3);
    parts.push(head, chunk);
  }
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc32(bytes), 0);
  tail.writeUInt32LE(bytes.byteLength % 2 ** 32, 4);
  return Buffer.concat([...parts, tail]);
}
