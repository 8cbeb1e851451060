/** Whatever is sent: the documented refusal or the right pixels, and neighbours and process unharmed. */
import sharp, { type Sharp } from 'sharp';
import { afterEach, expect, test } from 'vitest';
import { createSharpReader } from '../../../src/adapters/image/sharp.ts';
import type { InputSpec } from '../../../src/application/ports.ts';
import type { ErrorCode } from '../../../src/domain/errors.ts';
import { boxes, cut, noise, pngBomb, quarterColor, quarters } from './drawing.ts';

const spec: InputSpec = { size: 64, fit: 'squash', kernel: 'cubic' };
const reader = createSharpReader({ concurrency: 2 });
const good = await quarters().jpeg({ quality: 95 }).toBuffer();
const wanted = (await reader.prepare(good, spec)).input.data;
const text = (content: string) => Buffer.from(content);
const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#888' }, limitInputPixels: false });

const refused: readonly (readonly [string, ErrorCode, () => Buffer | Promise<Buffer>])[] = [
  ['nothing at all', 'image.unreadable', () => Buffer.alloc(0)],
  ['one pixel', 'image.unreadable', () => plain(1, 1).png().toBuffer()],
  ['a side of 15 pixels', 'image.unreadable', () => plain(15, 400).png().toBuffer()],
  ['a line', 'image.unreadable', () => plain(20, 1100).png().toBuffer()],
  ['a JPEG cut in half', 'image.unreadable', async () => cut(await noise().jpeg().toBuffer())],
  ['a JPEG short of its end', 'image.unreadable', async () => cut(await noise().jpeg().toBuffer(), 0.95)],
  [
    'a progressive JPEG cut',
    'image.unreadable',
    async () => cut(await noise().jpeg({ progressive: true }).toBuffer()),
  ],
  ['a PNG cut in half', 'image.unreadable', async () => cut(await noise().png().toBuffer())],
  ['a WebP cut in half', 'image.unreadable', async () => cut(await noise().webp().toBuffer())],
  ['a GIF cut in half', 'image.unreadable', async () => cut(await noise().gif().toBuffer())],
  ['a TIFF cut in half', 'image.unreadable', async () => cut(await noise().tiff().toBuffer())],
  ['an AVIF cut in half', 'image.unreadable', async () => cut(await noise().avif({ effort: 0 }).toBuffer())],
  ['the first bytes of a JPEG', 'image.unreadable', () => Buffer.from([0xff, 0xd8, 0xff, 0xe0])],
  [
    'a GIF header with HTML behind',
    'image.unreadable',
    () => text('GIF89a<html><script>alert(1)</script></html>'),
  ],
  ['an AVIF header with nothing behind', 'image.unreadable', () => boxes('avif', 'mif1')],
  ['zero bytes', 'image.unsupported_type', () => Buffer.alloc(5000)],
  [
    'noise',
    'image.unsupported_type',
    () => Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 7919 + 13) % 251)),
  ],
  ['text', 'image.unsupported_type', () => text('I am a photo, honestly.')],
  ['HTML', 'image.unsupported_type', () => text('<!DOCTYPE html><html><body><img src="x"></body></html>')],
  ['JSON', 'image.unsupported_type', () => text('{"image": "none"}')],
  [
    'SVG',
    'image.unsupported_type',
    () => text('<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"/>'),
  ],
  [
    'SVG in XML',
    'image.unsupported_type',
    () => text('<?xml version="1.0"?><!-- x --><svg width="9" height="9"/>'),
  ],
  ['HEIC', 'image.unsupported_type', () => boxes('heic', 'mif1', 'heic')],
  ['HEIC under a general brand', 'image.unsupported_type', () => boxes('mif1', 'heic')],
  ['a video', 'image.unsupported_type', () => boxes('isom', 'mp42')],
  ['BMP', 'image.unsupported_type', () => Buffer.concat([text('BM1234'), Buffer.alloc(90)])],
  ['PDF', 'image.unsupported_type', () => text('%PDF-1.7\n')],
  ['more than 20 MiB', 'image.too_large', () => Buffer.concat([good, Buffer.alloc(20 * 2 ** 20)])],
  ['a PNG bomb', 'image.too_large', () => pngBomb(30_000, 30_000)],
  [
    'progressive, 26 megapixels',
    'image.too_large',
    () => plain(6500, 4000).jpeg({ progressive: true }).toBuffer(),
  ],
];

const processErrors: unknown[] = [];
process.on('unhandledRejection', (error) => processErrors.push(error));
afterEach(() => expect(processErrors).toEqual([]));

test.each(refused)('%s: %s', async (_, code, make) => {
  const bytes = await make();
  const [bad, neighbour] = await Promise.allSettled([
    reader.prepare(bytes, spec),
    reader.prepare(good, spec),
  ]);
  expect(bad).toMatchObject({ status: 'rejected', reason: { name: 'HangtagError', code } });
  expect(neighbour.status === 'fulfilled' && Buffer.compare(neighbour.value.input.data, wanted)).toBe(0);
});

test('a refusal says what the bytes look like', async () => {
  await expect(reader.prepare(boxes('heic'), spec)).rejects.toThrow('This looks like a HEIC image.');
  await expect(reader.prepare(text('<svg/>'.replace('/', ' ')), spec)).rejects.toThrow('SVG drawing');
});

test('a bomb is refused from its header, not after decoding', async () => {
  const started = performance.now();
  await expect(reader.prepare(pngBomb(30_000, 30_000), spec)).rejects.toThrow('30000 x 30000');
  expect(performance.now() - started).toBeLessThan(200);
});

test.each(['webp', 'gif'] as const)(
  'two large %s pictures are not held in memory at once',
  async (format) => {
    const waiting: number[] = [];
    const watched = createSharpReader({
      concurrency: 4,
      watch: { waiting: (items) => waiting.push(items), sent: () => {} },
    });
    const large = await plain(6400, 6400)
      .toFormat(format, { effort: format === 'gif' ? 1 : 0 })
      .toBuffer();
    await Promise.all([watched.prepare(large, spec), watched.prepare(large, spec)]);
    expect(Math.max(...waiting)).toBe(1);
  },
);

const rgb16 = () => quarters().toColourspace('rgb16').png().toBuffer();
const frames = (format: 'gif' | 'webp') =>
  sharp(
    [0, 1]
      .map((n) => (n === 0 ? quartersRaw : Buffer.alloc(quartersRaw.length, 7)))
      .reduce((a, b) => Buffer.concat([a, b])),
    { raw: { width: 80, height: 120, channels: 3, pageHeight: 60 } },
  )
    [format]({ ...(format === 'webp' ? { lossless: true } : {}) })
    .toBuffer();
const quartersRaw = await quarters().raw().toBuffer();

const readable: readonly (readonly [string, string, () => Promise<Buffer>])[] = [
  ['PNG', 'png', () => quarters().png().toBuffer()],
  ['palette PNG', 'png', () => quarters().png({ palette: true }).toBuffer()],
  ['16-bit PNG', 'png', rgb16],
  ['WebP', 'webp', () => quarters().webp({ quality: 95 }).toBuffer()],
  ['AVIF', 'avif', () => quarters().avif({ quality: 90, effort: 0 }).toBuffer()],
  ['GIF', 'gif', () => quarters().gif().toBuffer()],
  ['TIFF', 'tiff', () => quarters().tiff({ compression: 'lzw' }).toBuffer()],
  ['animated GIF', 'gif', () => frames('gif')],
  ['animated WebP', 'webp', () => frames('webp')],
  ['progressive JPEG', 'jpeg', () => quarters().jpeg({ quality: 95, progressive: true }).toBuffer()],
  [
    'JPEG with ICC profile P3',
    'jpeg',
    () => quarters().withIccProfile('p3').jpeg({ quality: 95 }).toBuffer(),
  ],
  [
    'JPEG with HTML behind',
    'jpeg',
    async () => Buffer.concat([good, text('<html><script>x</script></html>')]),
  ],
  [
    'JPEG with a ZIP behind',
    'jpeg',
    async () => Buffer.concat([good, text('PK\x03\x04'), Buffer.alloc(500)]),
  ],
  ['JPEG with a lot of metadata', 'jpeg', () => withMetadata()],
];

function withMetadata(): Promise<Buffer> {
  const long = 'lorem '.repeat(8000);
  return quarters()
    .withExif({ IFD0: { ImageDescription: long } })
    .jpeg({ quality: 95 })
    .toBuffer();
}

test.each(readable)('%s gives the right pixels', async (_, format, make) => {
  const { facts, input, thumbnail, alpha } = await reader.prepare(await make(), spec);
  expect(facts).toMatchObject({ format, width: 80, height: 60 });
  expect([thumbnail.width, thumbnail.height, alpha]).toEqual([80, 60, null]);
  for (let quarter = 0; quarter < 4; quarter++) {
    const expected = quarterColor({ width: 80, height: 60, data: quartersRaw }, quarter);
    for (const picture of [input, thumbnail]) {
      for (const [c, value] of quarterColor(picture, quarter).entries()) {
        expect(Math.abs(value - expected[c]!)).toBeLessThan(14);
      }
    }
  }
});

test('CMYK and grey become three channels', async () => {
  const cmyk = await reader.prepare(
    await quarters().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(),
    spec,
  );
  const [red, green, blue] = quarterColor(cmyk.input, 0);
  expect(red! - Math.max(green!, blue!)).toBeGreaterThan(80);
  const grey = await reader.prepare(await quarters().greyscale().jpeg().toBuffer(), spec);
  const [r, g, b] = quarterColor(grey.input, 1);
  expect([g, b]).toEqual([r, r]);
  expect(grey.input.data).toHaveLength(64 * 64 * 3);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is undone', async (orientation) => {
  // Turn the upright picture the way a camera stores it, lossless, and say so in the header.
  const inverse = [(s: Sharp) => s, (s) => s.flop(), (s) => s.rotate(180), (s) => s.flip()] as ((
    s: Sharp,
  ) => Sharp)[];
  const quarterTurns: Record<number, (s: Sharp) => Sharp> = {
    5: (s) => s.rotate(270).flop(),
    6: (s) => s.rotate(270),
    7: (s) => s.rotate(90).flop(),
    8: (s) => s.rotate(90),
  };
  const stored = await (inverse[orientation - 1] ?? quarterTurns[orientation]!)(quarters()).png().toBuffer();
  const bytes = await sharp(stored).withMetadata({ orientation }).png().toBuffer();
  const upright = await reader.prepare(await quarters().png().toBuffer(), spec);
  const prepared = await reader.prepare(bytes, spec);
  expect(prepared.facts).toMatchObject({ width: 80, height: 60 });
  for (let quarter = 0; quarter < 4; quarter++) {
    expect(quarterColor(prepared.input, quarter)).toEqual(quarterColor(upright.input, quarter));
  }
});
