/** Small or middling files that ask for a lot: of memory, of time, or of loops without end. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { quarters } from '../adapters/image/drawing.ts';
import {
  box,
  gif,
  jpegMarker,
  jpegSegment,
  jpegWith,
  packedChunk,
  patched,
  png,
  pngChunk,
  pngRows,
  pngWith,
  riff,
  riffChunk,
  stripTiff,
  type TiffEntry,
  tiff,
  tiffDataAt,
  u32be,
  webpCanvas,
} from './containers.ts';
import { type HostileImage, hostile, tooLarge, unreadable, unsupported } from './hostile-image.ts';

const mebibyte = 2 ** 20;
/** Quickly: hundreds of megabytes of nothing stay small at any level. */
const deflated = (bytes: Buffer) => deflateSync(bytes, { level: 1 });
const drawn = () => quarters(160, 160);
const blank = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#888' }, limitInputPixels: false });

const headers: HostileImage[] = [
  ...[
    [65_500, 65_500],
    [0x7fffffff, 0x7fffffff],
    [7072, 7072],
    [100_000, 501],
  ].map(([width, height]) =>
    hostile(`png that claims ${width} x ${height}`, 'png', [tooLarge, unreadable], () =>
      png({ width: width!, height: height! }, Buffer.alloc(mebibyte)),
    ),
  ),
  hostile('png of 1 x 60000', 'png', unreadable, () => png({ width: 1, height: 60_000 }, pngRows(60_000, 1))),
  hostile('png of 60000 x 1', 'png', unreadable, () => png({ width: 60_000, height: 1 }, pngRows(1, 60_000))),
  hostile('png of 50 megapixels and one row, whole', 'png', tooLarge, () =>
    png({ width: 10_000, height: 5001 }, pngRows(5001, 10_000)),
  ),
  hostile('jpeg that claims 65500 x 65500', 'jpeg', tooLarge, async () => {
    const bytes = await drawn().jpeg().toBuffer();
    return patched(bytes, jpegMarker(bytes, 0xc0) + 5, 0xff, 0xdc, 0xff, 0xdc);
  }),
  hostile('webp canvas of 2^24 x 2^24', 'webp', [tooLarge, unreadable], () =>
    riff(webpCanvas(2 ** 24, 2 ** 24, 2), riffChunk('ANIM', Buffer.alloc(6))),
  ),
  hostile('avif that claims 65500 x 65500', 'avif', [tooLarge, unreadable], async () => {
    const bytes = await drawn().avif({ effort: 0 }).toBuffer();
    return patched(bytes, bytes.indexOf('ispe') + 8, 0, 0, 0xff, 0xdc, 0, 0, 0xff, 0xdc);
  }),
  hostile('tiff that claims 4 billion squared', 'tiff', [tooLarge, unreadable], () =>
    stripTiff({ width: 0xffffffff, height: 0xffffffff }, Buffer.alloc(64)),
  ),
];

const unpacking: HostileImage[] = [
  hostile('png of 49 megapixels of nothing, 48 kB', 'png', 'tagged', () =>
    png({ width: 7000, height: 7000 }, pngRows(7000, 7000)),
  ),
  hostile('png of 49 megapixels, 16 bits, RGBA', 'png', 'tagged', () =>
    png({ width: 7000, height: 7000, depth: 16, color: 6 }, pngRows(7000, 7000 * 8)),
  ),
  hostile('interlaced png of 24 megapixels, 16 bits, RGBA', 'png', ['tagged', unreadable], () =>
    png({ width: 4900, height: 4900, depth: 16, color: 6, interlaced: true }, pngRows(4900 * 2, 4900 * 8)),
  ),
  hostile('png whose data go on for 100 MB after the last row', 'png', ['tagged', unreadable], () =>
    png({ width: 64, height: 64 }, Buffer.alloc(100 * mebibyte)),
  ),
  ...(['zTXt', 'iTXt', 'iCCP'] as const).map((type) =>
    hostile(`png whose ${type} unpacks to 100 MB`, 'png', ['tagged', unreadable], () =>
      pngWith(packedChunk(type, 100 * mebibyte)),
    ),
  ),
  hostile('png of 200,000 texts', 'png', ['tagged', unreadable], () => {
    const text = pngChunk('tEXt', Buffer.from('Comment\0x'));
    return pngWith(Buffer.concat(Array.from({ length: 200_000 }, () => text)));
  }),
  hostile('png with 11 MB of EXIF', 'png', ['tagged', unreadable], () =>
    pngWith(
      pngChunk('eXIf', Buffer.concat([Buffer.from('II*\0\x08\0\0\0'), Buffer.alloc(11 * mebibyte, 1)])),
    ),
  ),
  hostile('webp of 49 megapixels', 'webp', 'tagged', () => blank(7000, 7000).webp({ effort: 0 }).toBuffer()),
  hostile('jpeg of 49 megapixels', 'jpeg', 'tagged', () => blank(7000, 7000).jpeg().toBuffer()),
  hostile('gif of 49 megapixels', 'gif', 'tagged', () => blank(7000, 7000).gif({ effort: 1 }).toBuffer()),
  hostile('avif of 15.9 megapixels', 'avif', 'tagged', () =>
    blank(3990, 3990).avif({ effort: 0 }).toBuffer(),
  ),
  hostile('progressive jpeg of 24.9 megapixels', 'jpeg', 'tagged', () =>
    blank(4990, 4990).jpeg({ progressive: true }).toBuffer(),
  ),
  hostile('avif of 17 megapixels', 'avif', tooLarge, () => blank(4200, 4100).avif({ effort: 0 }).toBuffer()),
  hostile('tiff of 49 megapixels in one strip', 'tiff', 'tagged', () =>
    stripTiff(
      { width: 7000, height: 7000, samples: 3, compression: 8, more: [[258, 3, 1, 8]] },
      deflated(Buffer.alloc(7000 * 7000 * 3)),
    ),
  ),
  hostile('tiff of 49 megapixels of floats, 588 MB in one strip', 'tiff', 'tagged', () =>
    stripTiff(
      { width: 7000, height: 7000, samples: 3, bits: 32, format: 3, compression: 8 },
      deflated(Buffer.alloc(7000 * 7000 * 12)),
    ),
  ),
  hostile('tiff of 49 megapixels in tiles of 4096', 'tiff', 'tagged', () =>
    blank(7000, 7000).tiff({ compression: 'lzw', tile: true, tileWidth: 4096, tileHeight: 4096 }).toBuffer(),
  ),
  hostile('tiff of 49 megapixels of doubles, 392 MB in one strip', 'tiff', [tooLarge, unreadable], () =>
    stripTiff(
      { width: 7000, height: 7000, bits: 64, format: 3, compression: 8 },
      deflated(Buffer.alloc(7000 * 7000 * 8)),
    ),
  ),
  hostile('tiff of 4 megapixels with 60 samples each', 'tiff', [tooLarge, unreadable], () =>
    stripTiff(
      { width: 2000, height: 2000, samples: 60, compression: 8 },
      deflated(Buffer.alloc(2000 * 2000 * 60)),
    ),
  ),
  hostile('tiff of one tile of 16384 x 16384', 'tiff', [tooLarge, unreadable], () => {
    const data = deflated(Buffer.alloc(16_384 * 16_384));
    const entries: TiffEntry[] = [
      [256, 4, 1, 64],
      [257, 4, 1, 64],
      [258, 3, 1, 8],
      [259, 3, 1, 8],
      [262, 3, 1, 1],
      [277, 3, 1, 1],
      [322, 4, 1, 16_384],
      [323, 4, 1, 16_384],
      [324, 4, 1, tiffDataAt({ length: 9 } as TiffEntry[])],
      [325, 4, 1, data.length],
    ];
    return tiff(
      entries.map((entry) => (entry[0] === 324 ? [324, 4, 1, tiffDataAt(entries)] : entry)),
      data,
    );
  }),
];

const repeating: HostileImage[] = [
  hostile('gif of 10,000 frames', 'gif', 'tagged', () => gif(64, 64, 10_000)),
  hostile('gif with a screen of 65535 x 65535', 'gif', [tooLarge, unreadable], () => gif(65_535, 65_535, 1)),
  hostile('gif with a screen of 65535 x 65535 and 10,000 frames', 'gif', [tooLarge, unreadable], () =>
    gif(65_535, 65_535, 10_000),
  ),
  hostile('gif with frames far larger than its screen', 'gif', [tooLarge, unreadable, 'tagged'], () =>
    gif(64, 64, 3, 65_535),
  ),
  hostile('animated webp', 'webp', 'tagged', () => frames('webp')),
  hostile('animated gif', 'gif', 'tagged', () => frames('gif')),
  hostile('apng', 'png', 'tagged', () => {
    const control = Buffer.concat([0, 64, 64, 0, 0].map(u32be).concat(Buffer.from([0, 1, 0, 10, 0, 0])));
    const animation = pngChunk('acTL', Buffer.concat([u32be(10_000), u32be(0)]));
    return pngWith(animation, pngChunk('fcTL', control));
  }),
  hostile('tiff of 20 pages', 'tiff', 'tagged', () =>
    sharp(Buffer.alloc(64 * 1280 * 3, 90), { raw: { width: 64, height: 1280, channels: 3, pageHeight: 64 } })
      .tiff()
      .toBuffer(),
  ),
  hostile('tiff whose directory follows itself', 'tiff', ['tagged', unreadable], () =>
    stripTiff({ width: 64, height: 64, next: 8 }, Buffer.alloc(64 * 64)),
  ),
  hostile('tiff of 20,000 directories', 'tiff', ['tagged', unreadable], manyDirectories),
  hostile('jpeg of 3,000 scans', 'jpeg', [tooLarge, unreadable, 'tagged'], () => manyScans(3000, 160)),
  hostile('jpeg of 3,000 scans on 24 megapixels', 'jpeg', [tooLarge, unreadable], () =>
    manyScans(3000, 4900),
  ),
  hostile('jpeg with 5 MB of comments', 'jpeg', 'tagged', async () =>
    jpegWith(
      await drawn().jpeg().toBuffer(),
      ...Array.from({ length: 80 }, () => jpegSegment(0xfe, Buffer.alloc(65_000, 'x'))),
    ),
  ),
  hostile('jpeg with 150 EXIF blocks of 64 kB', 'jpeg', ['tagged', unreadable], async () => {
    const block = Buffer.concat([
      Buffer.from('Exif\0\0II*\0\x08\0\0\0\xff\xff', 'latin1'),
      Buffer.alloc(65_000, 7),
    ]);
    return jpegWith(
      await drawn().jpeg().toBuffer(),
      ...Array.from({ length: 150 }, () => jpegSegment(0xe1, block)),
    );
  }),
  hostile('jpeg whose EXIF directory follows itself', 'jpeg', 'tagged', async () => {
    const entries: TiffEntry[] = [
      [0x8769, 4, 1, 8],
      [0xa005, 4, 1, 8],
      [0x8825, 4, 1, 8],
    ];
    const exif = Buffer.concat([Buffer.from('Exif\0\0'), tiff(entries, Buffer.alloc(0), 8)]);
    return jpegWith(await drawn().jpeg().toBuffer(), jpegSegment(0xe1, exif));
  }),
  hostile('avif of boxes within boxes, 100,000 deep', 'avif', unreadable, () => {
    const type = box('ftyp', Buffer.from('avif\0\0\0\0avifmif1'));
    const depth = 100_000;
    const nest = Buffer.alloc(depth * 8);
    for (let n = 0; n < depth; n++) {
      nest.writeUInt32BE((depth - n) * 8, n * 8);
      nest.write('meta', n * 8 + 4, 'latin1');
    }
    return Buffer.concat([type, nest]);
  }),
];

const lies: readonly (readonly [string, TiffEntry])[] = [
  ['strip offsets', [273, 4, 0xffffffff, 8]],
  ['strip lengths', [279, 4, 0x40000000, 8]],
  ['bits of a sample', [258, 3, 0xffffffff, 8]],
  ['samples of a pixel', [277, 3, 1, 65_535]],
  ['rows of a strip', [278, 4, 1, 0xffffffff]],
  ['bytes of a strip', [279, 4, 1, 0xffffffff]],
  ['where the strip is', [273, 4, 1, 0xfffffff0]],
];
const lying = lies.map(([what, entry]) =>
  hostile(`tiff with absurd ${what}`, 'tiff', ['tagged', tooLarge, unreadable], () =>
    stripTiff({ width: 64, height: 64, more: [entry] }, Buffer.alloc(64 * 64)),
  ),
);

const sized: HostileImage[] = [
  hostile('20 MiB of zeros', 'jpeg', unsupported, () => Buffer.alloc(20 * mebibyte), {
    json: ['request.too_large'],
  }),
  hostile(
    '20 MiB of zeros behind a JPEG start',
    'jpeg',
    unreadable,
    () => patched(Buffer.alloc(20 * mebibyte), 0, 0xff, 0xd8, 0xff),
    { json: ['request.too_large'] },
  ),
  hostile('20 MiB of 0xff', 'jpeg', [unsupported, unreadable], () => Buffer.alloc(20 * mebibyte, 0xff), {
    json: ['request.too_large'],
  }),
  hostile(
    '20 MiB of JPEG with zeros behind',
    'jpeg',
    'tagged',
    async () => {
      const bytes = await drawn().jpeg().toBuffer();
      return Buffer.concat([bytes, Buffer.alloc(20 * mebibyte - bytes.length)]);
    },
    { json: ['request.too_large'] },
  ),
  hostile(
    '20 MiB and one byte',
    'jpeg',
    tooLarge,
    async () => {
      const bytes = await drawn().jpeg().toBuffer();
      return Buffer.concat([bytes, Buffer.alloc(20 * mebibyte - bytes.length + 1)]);
    },
    { json: ['request.too_large'] },
  ),
];

function frames(format: 'gif' | 'webp'): Promise<Buffer> {
  const raw = Buffer.alloc(64 * 64 * 50 * 3);
  for (let at = 0; at < raw.length; at++) raw[at] = Math.floor(at / (64 * 64 * 3)) * 5;
  return sharp(raw, { raw: { width: 64, height: 64 * 50, channels: 3, pageHeight: 64 } })
    [format]()
    .toBuffer();
}

/** Tiny directories, each naming the next, with one pixel strip that they share. */
function manyDirectories(): Buffer {
  const size = tiffDataAt(Array<TiffEntry>(11).fill([0, 0, 0, 0])) - 8;
  const count = 20_000;
  const pixels = 8 + size * count;
  const directories = Array.from({ length: count }, (_, n) =>
    stripTiff(
      { width: 64, height: 64, next: n + 1 < count ? 8 + (n + 1) * size : 0, more: [[273, 4, 1, pixels]] },
      Buffer.alloc(0),
    ).subarray(8),
  );
  // The strip's length is written by hand, as each directory was made without its data.
  for (const directory of directories) {
    for (let at = 2; at + 12 <= directory.length; at += 12) {
      if (directory.readUInt16LE(at) === 279) directory.writeUInt32LE(64 * 64, at + 8);
    }
  }
  return Buffer.concat([Buffer.from('II*\0\x08\0\0\0', 'latin1'), ...directories, Buffer.alloc(64 * 64)]);
}

/** The last scan of a progressive JPEG, over and over: each repetition is another pass over all its blocks. */
async function manyScans(times: number, side: number): Promise<Buffer> {
  const bytes = await blank(side, side).jpeg({ progressive: true, quality: 50 }).toBuffer();
  const last = bytes.lastIndexOf(Buffer.from([0xff, 0xda]));
  const scan = bytes.subarray(last, bytes.length - 2);
  const most = Math.min(times, Math.floor((19 * mebibyte - bytes.length) / scan.length));
  return Buffer.concat([
    bytes.subarray(0, bytes.length - 2),
    ...Array.from({ length: most }, () => scan),
    Buffer.from([0xff, 0xd9]),
  ]);
}

export const bombImages: readonly HostileImage[] = [
  ...headers,
  ...unpacking,
  ...repeating,
  ...lying,
  ...sized,
];
