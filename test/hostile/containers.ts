/** Image containers written by hand, field by field, so that every field can lie. */
import { crc32, deflateSync } from 'node:zlib';

const latin = (text: string) => Buffer.from(text, 'latin1');

const u16be = (value: number) => Buffer.from([(value >> 8) & 255, value & 255]);

export function u32be(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value >>> 0);
  return out;
}

function u32le(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value >>> 0);
  return out;
}

const u16le = (value: number) => Buffer.from([value & 255, (value >> 8) & 255]);

/** One PNG chunk. `broken`: its checksum is wrong. */
export function pngChunk(type: string, body: Uint8Array, broken = false): Buffer {
  const named = Buffer.concat([latin(type), body]);
  return Buffer.concat([u32be(body.length), named, u32be(crc32(named) ^ (broken ? 1 : 0))]);
}

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth?: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  readonly color?: number;
  readonly interlaced?: boolean;
}

/** A PNG of this header; `data` is deflated as it is, so it may be short, long or wrong. */
export function png(header: PngHeader, data: Uint8Array, ...between: readonly Buffer[]): Buffer {
  const { width, height, depth = 8, color = 0, interlaced = false } = header;
  return Buffer.concat([
    latin('\x89PNG\r\n\x1a\n'),
    pngChunk(
      'IHDR',
      Buffer.concat([u32be(width), u32be(height), Buffer.from([depth, color, 0, 0, interlaced ? 1 : 0])]),
    ),
    ...between,
    pngChunk('IDAT', deflateSync(data, { level: 1 })),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Rows of zeros, each with its filter byte: whole data for a PNG of `bytesPerRow`. */
export const pngRows = (height: number, bytesPerRow: number) => Buffer.alloc(height * (bytesPerRow + 1));

/** A whole, plain PNG with these chunks before its data. */
export const pngWith = (...between: readonly Buffer[]) =>
  png({ width: 64, height: 64 }, pngRows(64, 64), ...between);

/** `text` repeated inside a compressed text or profile chunk: kilobytes that unpack to `bytes`. */
export function packedChunk(type: 'zTXt' | 'iTXt' | 'iCCP', bytes: number): Buffer {
  const packed = deflateSync(Buffer.alloc(bytes, 'a'), { level: 9 });
  const head = type === 'iTXt' ? 'Comment\0\x01\0\0\0' : 'Comment\0\0';
  return pngChunk(type, Buffer.concat([latin(head), packed]));
}

/** A GIF of `frames` frames of `side` pixels on a logical screen of `width` x `height`. */
export function gif(width: number, height: number, frames: number, side = 1): Buffer {
  const screen = Buffer.concat([
    latin('GIF89a'),
    u16le(width),
    u16le(height),
    Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255]),
  ]);
  // Minimum code size 2: clear, colour 1, end.
  const frame = Buffer.concat([
    Buffer.from([0x21, 0xf9, 4, 0, 1, 0, 0, 0, 0x2c, 0, 0, 0, 0]),
    u16le(side),
    u16le(side),
    Buffer.from([0, 2, 2, 0x4c, 0x01, 0]),
  ]);
  return Buffer.concat([screen, ...Array.from({ length: frames }, () => frame), Buffer.from([0x3b])]);
}

/** Tag, type (3: 16 bit, 4: 32 bit), count, and the value or offset, written as it is given. */
export type TiffEntry = readonly [tag: number, type: number, count: number, value: number];

/** A little-endian TIFF: header, one directory, then `data` (which begins at `tiffDataAt(entries)`). */
export function tiff(entries: readonly TiffEntry[], data: Uint8Array, next = 0): Buffer {
  const sorted = [...entries].sort(([a], [b]) => a - b);
  return Buffer.concat([
    latin('II*\0'),
    u32le(8),
    u16le(sorted.length),
    ...sorted.map(([tag, type, count, value]) =>
      Buffer.concat([u16le(tag), u16le(type), u32le(count), u32le(value)]),
    ),
    u32le(next),
    data,
  ]);
}

export const tiffDataAt = (entries: readonly TiffEntry[]) => 8 + 2 + entries.length * 12 + 4;

export interface TiffShape {
  readonly width: number;
  readonly height: number;
  readonly samples?: number;
  readonly bits?: number;
  /** 1 none, 8 deflate. */
  readonly compression?: number;
  /** 1: whole numbers, 3: floating point. */
  readonly format?: number;
  readonly next?: number;
  readonly more?: readonly TiffEntry[];
}

/** A TIFF in one strip. `data` is taken as it is. */
export function stripTiff(shape: TiffShape, data: Uint8Array): Buffer {
  const { width, height, samples = 1, bits = 8, compression = 1, format = 1, next = 0, more = [] } = shape;
  const replaced = new Set(more.map(([tag]) => tag));
  const plain: TiffEntry[] = [
    [256, 4, 1, width],
    [257, 4, 1, height],
    // More samples than fit beside each other share this one value, which libtiff accepts.
    [258, 3, 1, bits],
    [259, 3, 1, compression],
    [262, 3, 1, samples >= 3 ? 2 : 1],
    [273, 4, 1, 0],
    [277, 3, 1, samples],
    [278, 4, 1, height],
    [279, 4, 1, data.length],
    [284, 3, 1, 1],
    [339, 3, 1, format],
  ];
  const entries = [...plain.filter(([tag]) => !replaced.has(tag)), ...more];
  const at = tiffDataAt(entries);
  return tiff(
    entries.map((entry) => (entry[0] === 273 && !replaced.has(273) ? [273, 4, 1, at] : entry)),
    data,
    next,
  );
}

/** A JPEG marker segment with its length. */
export function jpegSegment(marker: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0xff, marker]), u16be(body.length + 2), body]);
}

/** Put right behind the start of a JPEG. */
export function jpegWith(jpeg: Buffer, ...segments: readonly Buffer[]): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}

/** Where the first segment with this marker begins; throws where there is none, so that no case tests nothing. */
export function jpegMarker(jpeg: Buffer, marker: number, from = 2): number {
  for (let at = from; at + 4 < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    if (jpeg[at] !== 0xff) break;
    if (jpeg[at + 1] === marker) return at;
  }
  throw new Error(`no marker ${marker.toString(16)}`);
}

/** The same bytes with some of them replaced. */
export function patched(bytes: Buffer, at: number, ...values: readonly number[]): Buffer {
  const copy = Buffer.from(bytes);
  copy.set(values, at);
  return copy;
}

/** An EXIF block (TIFF inside) that holds one orientation, of whatever value. */
export function exifOrientation(value: number): Buffer {
  return Buffer.concat([latin('Exif\0\0'), tiff([[0x112, 3, 1, value]], Buffer.alloc(0))]);
}

/** A RIFF chunk, padded to an even length. */
export function riffChunk(type: string, body: Uint8Array): Buffer {
  return Buffer.concat([latin(type), u32le(body.length), body, Buffer.alloc(body.length % 2)]);
}

export function riff(...chunks: readonly Buffer[]): Buffer {
  const body = Buffer.concat([latin('WEBP'), ...chunks]);
  return Buffer.concat([latin('RIFF'), u32le(body.length), body]);
}

/** `VP8X`: what an extended WebP says of its canvas. */
export function webpCanvas(width: number, height: number, flags: number): Buffer {
  return riffChunk(
    'VP8X',
    Buffer.concat([
      Buffer.from([flags, 0, 0, 0]),
      u32le(width - 1).subarray(0, 3),
      u32le(height - 1).subarray(0, 3),
    ]),
  );
}

/** An ISO base media box. */
export function box(type: string, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([u32be(body.length + 8), latin(type), body]);
}
