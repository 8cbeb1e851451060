/** Images that were whole once: cut, flipped, relabelled, with lying lengths and checksums. */
import { quarters } from '../adapters/image/drawing.ts';
import { jpegMarker, jpegSegment, jpegWith, patched, png, pngChunk, pngRows, pngWith } from './containers.ts';
import { type HostileImage, hostile, unreadable, unsupported } from './hostile-image.ts';

const side = 160;
/** Large enough that each half holds pixels. */
const whole = {
  jpeg: () => quarters(side, side).jpeg().toBuffer(),
  'progressive jpeg': () => quarters(side, side).jpeg({ progressive: true }).toBuffer(),
  png: () => quarters(side, side).png({ compressionLevel: 0 }).toBuffer(),
  webp: () => quarters(side, side).webp({ lossless: true }).toBuffer(),
  'lossy webp': () => quarters(side, side).webp().toBuffer(),
  avif: () => quarters(side, side).avif({ effort: 0 }).toBuffer(),
  gif: () => quarters(side, side).gif().toBuffer(),
  tiff: () => quarters(side, side).tiff({ compression: 'none' }).toBuffer(),
} as const;

type Kind = keyof typeof whole;
const kinds = Object.keys(whole) as Kind[];
const typeOf = (kind: Kind) => kind.split(' ').at(-1)!;

const halves = kinds.map((kind) =>
  hostile(`${kind}, its first half`, typeOf(kind), unreadable, async () => {
    const bytes = await whole[kind]();
    return bytes.subarray(0, bytes.length >> 1);
  }),
);

const heads = kinds.map((kind) =>
  hostile(`${kind}, its first 24 bytes`, typeOf(kind), [unreadable, unsupported], async () =>
    (await whole[kind]()).subarray(0, 24),
  ),
);

/** The last bytes of AVIF and GIF are padding or a trailer; a picture that lacks only those is whole. */
const tails = kinds.map((kind) =>
  hostile(`${kind}, less its last 3 bytes`, typeOf(kind), ['tagged', unreadable], async () =>
    (await whole[kind]()).subarray(0, -3),
  ),
);

/** One byte in 40 turned over, header spared: what a bad disk makes of a file. */
const rotten = kinds.map((kind) =>
  hostile(`${kind} with rot`, typeOf(kind), ['tagged', unreadable, 'image.too_large'], async () => {
    const bytes = Buffer.from(await whole[kind]());
    for (let at = 40; at < bytes.length; at += 40) bytes[at] = bytes[at]! ^ 0xff;
    return bytes;
  }),
);

const jpeg = whole.jpeg;
const frame = async () => {
  const bytes = await jpeg();
  return { bytes, at: jpegMarker(bytes, 0xc0) };
};
/** Where the entropy-coded data of the first scan begins. */
const scan = (bytes: Buffer) => {
  const at = jpegMarker(bytes, 0xda);
  return at + 2 + bytes.readUInt16BE(at + 2);
};

const jpegs: HostileImage[] = [
  hostile('jpeg of 12 bits', 'jpeg', unreadable, async () => {
    const { bytes, at } = await frame();
    return patched(bytes, at + 1, 0xc1, 0, 17, 12);
  }),
  hostile('jpeg that says arithmetic coding', 'jpeg', ['tagged', unreadable], async () => {
    const { bytes, at } = await frame();
    return patched(bytes, at + 1, 0xc9);
  }),
  hostile('jpeg that says lossless', 'jpeg', unreadable, async () => {
    const { bytes, at } = await frame();
    return patched(bytes, at + 1, 0xc3);
  }),
  hostile('jpeg of no lines', 'jpeg', unreadable, async () => {
    const { bytes, at } = await frame();
    return patched(bytes, at + 5, 0, 0);
  }),
  hostile('jpeg with sampling factors of 15', 'jpeg', unreadable, async () => {
    const { bytes, at } = await frame();
    return patched(bytes, at + 11, 0xff);
  }),
  hostile('jpeg with restart markers out of turn', 'jpeg', ['tagged', unreadable], async () => {
    const bytes = await jpeg();
    const at = scan(bytes) + 40;
    return Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff, 0xd7, 0xff, 0xd0]), bytes.subarray(at)]);
  }),
  hostile('jpeg with 60 kB of restart markers', 'jpeg', ['tagged', unreadable], async () => {
    const bytes = jpegWith(await jpeg(), jpegSegment(0xdd, Buffer.from([0, 1])));
    const at = scan(bytes) + 40;
    const markers = Buffer.from(
      Array.from({ length: 60_000 }, (_, n) => (n % 2 ? 0xd0 + ((n >> 1) % 8) : 0xff)),
    );
    return Buffer.concat([bytes.subarray(0, at), markers, bytes.subarray(at)]);
  }),
  hostile('jpeg without Huffman tables', 'jpeg', ['tagged', unreadable], async () => {
    let bytes: Buffer = await jpeg();
    for (let n = 0; n < 4; n++) {
      try {
        bytes = patched(bytes, jpegMarker(bytes, 0xc4) + 1, 0xfe);
      } catch {
        break;
      }
    }
    return bytes;
  }),
  hostile('jpeg whose segment claims more than there is', 'jpeg', unreadable, async () =>
    patched(await jpeg(), 4, 0xff, 0xff),
  ),
  hostile('jpeg of nothing but start and end', 'jpeg', unreadable, () =>
    Buffer.from([0xff, 0xd8, 0xff, 0xd9]),
  ),
  hostile('jpeg start, 100,000 times', 'jpeg', unreadable, () =>
    Buffer.alloc(200_000, Buffer.from([0xff, 0xd8])),
  ),
];

const pngs: HostileImage[] = [
  hostile('png whose header has a wrong checksum', 'png', unreadable, async () => {
    const bytes = await whole.png();
    return patched(bytes, 29, bytes[29]! ^ 1);
  }),
  hostile('png whose data have a wrong checksum', 'png', unreadable, async () => {
    const bytes = await whole.png();
    return patched(bytes, bytes.length - 13, bytes.at(-13)! ^ 1);
  }),
  hostile('png with a text of wrong checksum', 'png', ['tagged', unreadable], () =>
    pngWith(pngChunk('tEXt', Buffer.from('Comment\0x'), true)),
  ),
  hostile('png with a critical chunk that nobody knows', 'png', unreadable, () =>
    pngWith(pngChunk('EVIL', Buffer.from('x'))),
  ),
  hostile('png of no width', 'png', unreadable, () => png({ width: 0, height: 64 }, pngRows(64, 64))),
  hostile('png with its highest bit set in the width', 'png', unreadable, () =>
    png({ width: 0x80000001, height: 64 }, pngRows(64, 64)),
  ),
  hostile('png of a depth that does not exist', 'png', unreadable, () =>
    png({ width: 64, height: 64, depth: 5 }, pngRows(64, 64)),
  ),
  hostile('png of a colour type that does not exist', 'png', unreadable, () =>
    png({ width: 64, height: 64, color: 5 }, pngRows(64, 64)),
  ),
  hostile('palette png without a palette', 'png', unreadable, () =>
    png({ width: 64, height: 64, color: 3 }, pngRows(64, 64)),
  ),
  hostile('palette png that points past its palette', 'png', ['tagged', unreadable], () =>
    png(
      { width: 64, height: 64, color: 3 },
      Buffer.alloc(64 * 65, Buffer.from([0, ...Array<number>(64).fill(200)])),
      pngChunk('PLTE', Buffer.from([255, 0, 0])),
    ),
  ),
  hostile('png with filters that do not exist', 'png', unreadable, () =>
    png({ width: 64, height: 64 }, Buffer.alloc(64 * 65, 9)),
  ),
  hostile('png with too few rows', 'png', unreadable, () => png({ width: 64, height: 64 }, pngRows(10, 64))),
  hostile('png with two headers', 'png', ['tagged', unreadable], () =>
    pngWith(pngChunk('IHDR', Buffer.from([0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 8, 0, 0, 0, 0]))),
  ),
  hostile('png whose chunk claims 4 GB', 'png', unreadable, async () =>
    patched(await whole.png(), 33, 0xff, 0xff, 0xff, 0xff),
  ),
];

const others: HostileImage[] = [
  hostile('webp whose RIFF claims 4 GB', 'webp', ['tagged', unreadable], async () =>
    patched(await whole.webp(), 4, 0xfe, 0xff, 0xff, 0xff),
  ),
  hostile('webp whose RIFF claims nothing', 'webp', unreadable, async () =>
    patched(await whole.webp(), 4, 0, 0, 0, 0),
  ),
  hostile('avif whose meta box claims 4 GB', 'avif', unreadable, async () => {
    const bytes = await whole.avif();
    return patched(bytes, bytes.indexOf('meta') - 4, 0xff, 0xff, 0xff, 0xff);
  }),
  hostile('avif without its item locations', 'avif', unreadable, async () => {
    const bytes = await whole.avif();
    return patched(bytes, bytes.indexOf('iloc'), 0x66, 0x72, 0x65, 0x65);
  }),
  hostile('avif with an item far beyond the end', 'avif', unreadable, async () => {
    const bytes = await whole.avif();
    return patched(bytes, bytes.indexOf('iloc') + 18, 0x7f, 0xff, 0xff, 0xff);
  }),
  hostile('gif of no frame', 'gif', unreadable, () => Buffer.from('GIF89a\x40\0\x40\0\0\0\0\x3b', 'latin1')),
];

export const brokenImages: readonly HostileImage[] = [
  ...halves,
  ...heads,
  ...tails,
  ...rotten,
  ...jpegs,
  ...pngs,
  ...others,
];
