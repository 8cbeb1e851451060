/** Files that are something else than they say, and images that are rare but right. */
import { gzipSync } from 'node:zlib';
import { boxes, quarters } from '../adapters/image/drawing.ts';
import {
  box,
  exifOrientation,
  jpegMarker,
  jpegSegment,
  jpegWith,
  patched,
  png,
  pngChunk,
  pngRows,
  pngWith,
  riffChunk,
  stripTiff,
} from './containers.ts';
import { type HostileImage, hostile, unreadable, unsupported } from './hostile-image.ts';

const text = (content: string) => Buffer.from(content, 'latin1');
const drawn = () => quarters(160, 160);
const jpeg = () => drawn().jpeg().toBuffer();
const svg = (body = '', head = '') =>
  text(
    `${head}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="200">${body}</svg>`,
  );

/** Bytes that look like chance and are always the same. */
function noise(length: number): Buffer {
  const out = Buffer.alloc(length);
  let state = 12_345;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    out[at] = state >> 16;
  }
  return out;
}

const little: HostileImage[] = [
  hostile('nothing', 'jpeg', unreadable, () => Buffer.alloc(0), { raw: ['image.missing'] }),
  ...[0x00, 0xff, 0x47].map((byte) =>
    hostile(`the byte ${byte}`, 'jpeg', unsupported, () => Buffer.from([byte])),
  ),
  hostile('two bytes of a JPEG', 'jpeg', unsupported, () => Buffer.from([0xff, 0xd8])),
  hostile('three bytes of a JPEG', 'jpeg', unreadable, () => Buffer.from([0xff, 0xd8, 0xff])),
  hostile('the PNG signature', 'png', unreadable, () => text('\x89PNG\r\n\x1a\n')),
  hostile('noise', 'png', unsupported, () => noise(100_000)),
  hostile('noise behind a PNG signature', 'png', unreadable, () =>
    Buffer.concat([text('\x89PNG\r\n\x1a\n'), noise(50_000)]),
  ),
  hostile('noise behind a JPEG start', 'jpeg', unreadable, () =>
    Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), noise(50_000)]),
  ),
  hostile('noise behind a TIFF start', 'tiff', unreadable, () =>
    Buffer.concat([text('II*\0'), noise(50_000)]),
  ),
  hostile('noise behind a WebP start', 'webp', unreadable, () =>
    Buffer.concat([text('RIFF\x50\xc3\0\0WEBPVP8 '), noise(50_000)]),
  ),
  hostile('noise behind a GIF start', 'gif', [unreadable, 'image.too_large'], () =>
    Buffer.concat([text('GIF89a'), noise(50_000)]),
  ),
];

const pretending: HostileImage[] = [
  hostile('an HTML page', 'jpeg', unsupported, () =>
    text('<!DOCTYPE html><html><script>alert(1)</script></html>'),
  ),
  hostile('a PDF', 'jpeg', unsupported, () => text('%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj')),
  hostile('PostScript', 'jpeg', unsupported, () => text('%!PS-Adobe-3.0\n(%pipe%id) (w) file')),
  hostile('an ImageMagick script', 'png', unsupported, () =>
    text('push graphic-context\nfill \'url(https://x"|id")\''),
  ),
  hostile('a libvips image', 'png', unsupported, () =>
    Buffer.concat([Buffer.from([0x08, 0xf2, 0xa6, 0xb6]), Buffer.alloc(500)]),
  ),
  hostile('a NIfTI or matrix file', 'png', unsupported, () => text('MATLAB 5.0 MAT-file, Platform: GLNXA64')),
  hostile('a PPM', 'png', unsupported, () =>
    Buffer.concat([text('P6 64 64 255\n'), Buffer.alloc(64 * 64 * 3)]),
  ),
  hostile('a CSV', 'png', unsupported, () => text('1,2,3\n4,5,6\n'.repeat(100))),
  hostile('a Radiance picture', 'png', unsupported, () =>
    text('#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 64 +X 64\n'),
  ),
  hostile('an OpenEXR picture', 'png', unsupported, () =>
    Buffer.concat([Buffer.from([0x76, 0x2f, 0x31, 0x01]), Buffer.alloc(200)]),
  ),
  hostile('SVG', 'png', unsupported, () => svg()),
  hostile('SVG with an entity from a file', 'png', unsupported, () =>
    svg('<text>&x;</text>', '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
  ),
  hostile('SVG with entities that multiply', 'png', unsupported, () =>
    svg(
      '<text>&c;</text>',
      '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>',
    ),
  ),
  hostile('SVG that links a file', 'png', unsupported, () =>
    svg('<image xlink:href="file:///etc/passwd" width="9" height="9"/>'),
  ),
  hostile('SVG that links a server', 'png', unsupported, () =>
    svg('<image href="http://127.0.0.1:9/x.png" width="9" height="9"/>'),
  ),
  hostile('SVG of UTF-16', 'png', unsupported, () =>
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(svg().toString(), 'utf16le')]),
  ),
  hostile('packed SVG', 'png', unsupported, () => gzipSync(svg())),
  hostile('HEIC', 'avif', unsupported, () => boxes('heic', 'mif1', 'heic')),
  hostile('HEIC that calls itself AVIF', 'avif', [unsupported, unreadable], async () => {
    const bytes = await drawn().avif({ effort: 0 }).toBuffer();
    const at = bytes.indexOf('av01');
    return patched(patched(bytes, at, ...text('hvc1')), bytes.indexOf('av1C'), ...text('hvcC'));
  }),
  hostile('JPEG XL', 'jpeg', unsupported, () =>
    Buffer.concat([Buffer.from([0xff, 0x0a]), Buffer.alloc(300)]),
  ),
  hostile('JPEG XL in boxes', 'jpeg', unsupported, () =>
    Buffer.concat([box('JXL ', Buffer.from([0x0d, 0x0a, 0x87, 0x0a])), Buffer.alloc(300)]),
  ),
  hostile('JPEG 2000', 'jpeg', unsupported, () =>
    Buffer.concat([
      box('jP  ', Buffer.from([0x0d, 0x0a, 0x87, 0x0a])),
      box('ftyp', text('jp2 \0\0\0\0jp2 ')),
    ]),
  ),
  hostile('a JPEG 2000 code stream', 'jpeg', unsupported, () =>
    Buffer.concat([Buffer.from([0xff, 0x4f, 0xff, 0x51]), Buffer.alloc(300)]),
  ),
  hostile('BMP', 'png', unsupported, () =>
    Buffer.concat([text('BM\x36\0\0\0\0\0\0\0\x36\0\0\0'), Buffer.alloc(200)]),
  ),
  hostile('an icon', 'png', unsupported, () =>
    Buffer.concat([Buffer.from([0, 0, 1, 0, 1, 0, 16, 16]), Buffer.alloc(200)]),
  ),
  hostile('PSD', 'png', unsupported, () => Buffer.concat([text('8BPS\0\x01'), Buffer.alloc(200)])),
  hostile('a ZIP', 'png', unsupported, () => Buffer.concat([text('PK\x03\x04'), Buffer.alloc(200)])),
  hostile('a sound in RIFF', 'webp', unsupported, () =>
    Buffer.concat([text('RIFF\x24\0\0\0WAVE'), riffChunk('fmt ', Buffer.alloc(16))]),
  ),
  hostile('a video', 'avif', unsupported, () => boxes('isom', 'mp42')),
  hostile('a camera raw file', 'tiff', unsupported, () =>
    Buffer.concat([text('II*\0\x10\0\0\0CR\x02\0'), Buffer.alloc(500)]),
  ),
  hostile('a program', 'png', unsupported, () =>
    Buffer.concat([text('\x7fELF\x02\x01\x01'), Buffer.alloc(500)]),
  ),
];

const twoThings: HostileImage[] = [
  hostile('JPEG with a ZIP behind', 'jpeg', 'tagged', async () =>
    Buffer.concat([await jpeg(), text('PK\x03\x04'), noise(900)]),
  ),
  hostile('JPEG with HTML in its comment', 'jpeg', 'tagged', async () =>
    jpegWith(await jpeg(), jpegSegment(0xfe, text('<script>alert(1)</script>'))),
  ),
  hostile('JPEG with PHP in its EXIF', 'jpeg', 'tagged', () =>
    drawn()
      .withExif({ IFD0: { Copyright: '<?php system($_GET[0]); ?>' } })
      .jpeg()
      .toBuffer(),
  ),
  hostile('GIF that is JavaScript', 'gif', [unreadable, 'image.too_large'], () =>
    text('GIF89a/*\0\0*/=1;alert(1)//;'),
  ),
  hostile('GIF start with HTML', 'gif', [unreadable, 'image.too_large'], () =>
    text('GIF89a<html><script>alert(1)</script></html>'),
  ),
  hostile('PDF start with a JPEG behind', 'jpeg', unsupported, async () =>
    Buffer.concat([text('%PDF-1.4\n'), await jpeg()]),
  ),
  hostile('PNG announced as JPEG', 'jpeg', 'tagged', () => drawn().png().toBuffer()),
  hostile('JPEG announced as AVIF', 'avif', 'tagged', jpeg),
  hostile('WebP announced as TIFF', 'tiff', 'tagged', () => drawn().webp().toBuffer()),
  hostile('PNG behind a byte order mark', 'png', unsupported, async () =>
    Buffer.concat([text('\xef\xbb\xbf'), await drawn().png().toBuffer()]),
  ),
  hostile('PNG of PNG text and a second PNG behind', 'png', 'tagged', async () => {
    const bytes = await drawn().png().toBuffer();
    return Buffer.concat([bytes, bytes]);
  }),
];

const metadata: HostileImage[] = [
  ...[0, 9, 65_535].map((value) =>
    hostile(`JPEG of EXIF orientation ${value}`, 'jpeg', 'tagged', async () =>
      jpegWith(await jpeg(), jpegSegment(0xe1, exifOrientation(value))),
    ),
  ),
  hostile('PNG of EXIF orientation 255', 'png', 'tagged', () =>
    pngWith(pngChunk('eXIf', exifOrientation(255).subarray(6))),
  ),
  hostile('JPEG with an ICC profile of noise', 'jpeg', ['tagged', unreadable], async () =>
    jpegWith(await jpeg(), jpegSegment(0xe2, Buffer.concat([text('ICC_PROFILE\0\x01\x01'), noise(5000)]))),
  ),
  hostile('JPEG with the third of two ICC parts', 'jpeg', ['tagged', unreadable], async () =>
    jpegWith(await jpeg(), jpegSegment(0xe2, Buffer.concat([text('ICC_PROFILE\0\x03\x02'), noise(5000)]))),
  ),
  hostile('JPEG with an ICC profile whose tags point away', 'jpeg', ['tagged', unreadable], async () => {
    const bytes = await drawn().withIccProfile('p3').jpeg().toBuffer();
    const at = bytes.indexOf('acsp') + 92;
    return patched(bytes, at, 0, 0, 0xff, 0xff);
  }),
  hostile('CMYK JPEG with a profile for RGB', 'jpeg', ['tagged', unreadable], async () => {
    const profile = await drawn().withIccProfile('p3').jpeg().toBuffer();
    const at = jpegMarker(profile, 0xe2);
    const segment = profile.subarray(at, at + 2 + profile.readUInt16BE(at + 2));
    return jpegWith(await drawn().toColourspace('cmyk').withMetadata({}).jpeg().toBuffer(), segment);
  }),
  hostile('PNG with an ICC profile of text', 'png', ['tagged', unreadable], () =>
    pngWith(pngChunk('iCCP', text('x\0\0not deflated at all'))),
  ),
  hostile('PNG with absurd gamma and white point', 'png', ['tagged', unreadable], () =>
    pngWith(pngChunk('gAMA', Buffer.alloc(4, 0xff)), pngChunk('cHRM', Buffer.alloc(32, 0xff))),
  ),
  hostile('PNG with a density of nothing', 'png', 'tagged', () => pngWith(pngChunk('pHYs', Buffer.alloc(9)))),
];

const rare: HostileImage[] = [
  hostile('CMYK JPEG', 'jpeg', 'tagged', () => drawn().toColourspace('cmyk').jpeg().toBuffer()),
  hostile('YCCK JPEG', 'jpeg', 'tagged', async () => {
    const bytes = await drawn().toColourspace('cmyk').jpeg().toBuffer();
    return patched(bytes, bytes.indexOf('Adobe') + 11, 2);
  }),
  hostile('grey JPEG', 'jpeg', 'tagged', () => drawn().greyscale().jpeg().toBuffer()),
  hostile('16-bit PNG', 'png', 'tagged', () => drawn().toColourspace('rgb16').png().toBuffer()),
  hostile('1-bit PNG', 'png', 'tagged', () => png({ width: 64, height: 64, depth: 1 }, pngRows(64, 8))),
  hostile('palette PNG with transparency', 'png', 'tagged', () =>
    png(
      { width: 64, height: 64, color: 3 },
      pngRows(64, 64),
      pngChunk('PLTE', Buffer.from([255, 0, 0, 0, 0, 255])),
      pngChunk('tRNS', Buffer.from([0, 128])),
    ),
  ),
  hostile('grey PNG with alpha', 'png', 'tagged', () =>
    png({ width: 64, height: 64, color: 4 }, pngRows(64, 128)),
  ),
  hostile('PNG that is transparent everywhere', 'png', 'tagged', () =>
    png({ width: 64, height: 64, color: 6 }, pngRows(64, 256)),
  ),
  hostile('interlaced PNG', 'png', 'tagged', () => drawn().png({ progressive: true }).toBuffer()),
  hostile('TIFF of floats', 'tiff', ['tagged', unreadable], () =>
    stripTiff({ width: 64, height: 64, bits: 32, format: 3 }, Buffer.alloc(64 * 64 * 4, 0x7f)),
  ),
  hostile('TIFF of CMYK', 'tiff', 'tagged', () => drawn().toColourspace('cmyk').tiff().toBuffer()),
  hostile('TIFF of 1 bit', 'tiff', 'tagged', () =>
    drawn().threshold(128).toColourspace('b-w').tiff({ bitdepth: 1 }).toBuffer(),
  ),
  hostile('BigTIFF', 'tiff', 'tagged', () => drawn().tiff({ bigtiff: true }).toBuffer()),
  hostile('16 x 16 pixels', 'png', 'tagged', () => quarters(16, 16).png().toBuffer()),
  hostile('15 x 16 pixels', 'png', unreadable, () => quarters(15, 16).png().toBuffer()),
  hostile('a side 51 times the other', 'png', unreadable, () => quarters(20, 1020).png().toBuffer()),
];

export const strangeImages: readonly HostileImage[] = [
  ...little,
  ...pretending,
  ...twoThings,
  ...metadata,
  ...rare,
];
