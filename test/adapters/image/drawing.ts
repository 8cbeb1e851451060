/** Pictures that the tests draw and spoil themselves: nothing hostile lies in the repository as a file. */
import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

/** A picture whose four quarters differ: red, green, blue, white. Any flip or turn shows. */
export function quarters(width = 80, height = 60): Sharp {
  const data = Buffer.alloc(width * height * 3);
  const colors = [
    [200, 30, 30],
    [30, 160, 50],
    [40, 60, 200],
    [250, 250, 250],
  ];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const color = colors[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)]!;
      data.set(color, (y * width + x) * 3);
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Mean colour of one quarter (0 to 3, as in reading), kept off the seams. */
export function quarterColor(
  { width, height, data }: { readonly width: number; readonly height: number; readonly data: Uint8Array },
  quarter: number,
): readonly number[] {
  const x0 = Math.round(width * (quarter % 2 === 0 ? 0.15 : 0.65));
  const y0 = Math.round(height * (quarter < 2 ? 0.15 : 0.65));
  const sums = [0, 0, 0];
  let count = 0;
  for (let y = y0; y < y0 + height * 0.2; y++) {
    for (let x = x0; x < x0 + width * 0.2; x++, count++) {
      for (let c = 0; c < 3; c++) sums[c]! += data[(y * width + x) * 3 + c]!;
    }
  }
  return sums.map((sum) => sum / count);
}

/** Noise: a file that compresses badly, so that a cut at half its length really cuts pixels. */
export function noise(width = 300, height = 200): Sharp {
  let state = 1;
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    data[i] = state >> 16;
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

export function cut(bytes: Buffer, share = 0.5): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length * share));
}

/** A PNG whose header claims `width` x `height` grey pixels and whose data is small and valid. */
export function pngBomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1_000_000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const out = Buffer.alloc(body.length + 12);
  out.writeUInt32BE(body.length, 0);
  named.copy(out, 4);
  out.writeUInt32BE(crc32(named), body.length + 8);
  return out;
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** The start of an ISO base media file of these brands, followed by nothing useful. */
export function boxes(...brands: readonly string[]): Buffer {
  const body = Buffer.from(`ftyp${brands[0]}\0\0\0\0${brands.slice(1).join('')}`, 'latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([length, body, Buffer.alloc(200)]);
}
