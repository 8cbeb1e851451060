/**
 * Untrusted bytes to pixels, by libvips. The only file that knows sharp.
 * What is guarded: the format is taken from the content; only six loaders exist in this process; pixels are counted in
 * the header before anything is decoded; decodes are admitted by weight; a damaged file is refused, never greyed.
 */
import { createHash } from 'node:crypto';
import sharp, { type Metadata } from 'sharp';
import type {
  EncodePicture,
  ImageReader,
  InputSpec,
  PreparedImage,
  QueueWatch,
} from '../../application/ports.ts';
import { HangtagError } from '../../domain/errors.ts';
import { createAdmission } from './admission.ts';
import { type Decoded, layInto, splitAlpha } from './compose.ts';
import { enlarge } from './enlarge.ts';
import { firstStep, placeInput, type Size, thumbnailSize } from './geometry.ts';
import { type Format, sniff } from './sniff.ts';

export interface SharpReaderOptions {
  /** Bytes of one file, at most. */
  readonly maxBytes?: number;
  /** Width times height of one picture, at most; costly codings have lower limits of their own. */
  readonly maxPixels?: number;
  /** Decodes at the same time: the number of cores. */
  readonly concurrency: number;
  /** Pictures waiting for a decode, at most. */
  readonly maxWaiting?: number;
  /** Seconds that one decode may take. */
  readonly timeoutSeconds?: number;
  readonly watch?: QueueWatch;
  readonly log?: { debug(fields: object, message: string): void };
}

/** AVIF costs 20 times a plain JPEG and 236 MB at 12 megapixels; progressive files are held in memory whole. */
const codingLimits = { avif: 16e6, progressive: 25e6 } as const;
/** Relative load of a decode, in cores and memory. */
const weights = { avif: 4, progressive: 2, plain: 1 } as const;
/** WebP and GIF are held in memory whole (measured: 376 and 220 MB at 49 megapixels): so many pixels weigh one. */
const pixelsPerPlace = 12.5e6;
/** Below this side, pixels, there is no product to see. */
const minSide = 16;
/** Longest to shortest side, at most: beyond it a picture is a line, and resizing it to a square costs without end. */
const maxProportion = 50;
const thumbnailSide = 96;
const maxWaitingBytes = 256 * 2 ** 20;

export function createSharpReader(options: SharpReaderOptions): ImageReader {
  const {
    maxBytes = 20 * 2 ** 20,
    maxPixels = 50e6,
    concurrency,
    maxWaiting = 128,
    timeoutSeconds = 20,
  } = options;
  allowOnlyKnownLoaders();
  const admission = createAdmission({
    capacity: Math.max(1, concurrency),
    maxWaiting,
    maxWaitingBytes,
    ...(options.watch ? { watch: options.watch } : {}),
  });

  return {
    async prepare(bytes, spec, signal) {
      const format = checkBytes(bytes, maxBytes);
      const metadata = await readHeader(bytes);
      const { width, height, coding } = checkHeader(metadata, format, maxPixels);
      const weight = weightOf(format, coding, width * height);
      const decoded = await admission.run(weight, bytes.byteLength, signal, async () => {
        const started = performance.now();
        const place = placeInput(width, height, spec);
        const first = firstStep({ width, height }, place);
        const large = await decode(bytes, first, spec.kernel, maxPixels, timeoutSeconds);
        const within = { width: Math.min(width, place.width), height: Math.min(height, place.height) };
        const whole = await shrink(large, within, spec.kernel);
        const thumbnail = await shrink(large, thumbnailSize(width, height, thumbnailSide), 'cubic');
        options.log?.debug({ format, width, height, ms: performance.now() - started }, 'image decoded');
        return { place, whole, thumbnail };
      });
      return assemble(bytes, spec, { width, height, format }, decoded);
    },
  };
}

/** Everything that sharp could open is switched off, then six loaders of buffers are let in again. Process-wide. */
function allowOnlyKnownLoaders(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif', 'Tiff'].map((name) => `VipsForeignLoad${name}Buffer`),
  });
  sharp.cache(false);
  sharp.concurrency(1);
}

function checkBytes(bytes: Uint8Array, maxBytes: number): Format {
  if (bytes.byteLength === 0) throw new HangtagError('image.unreadable', 'The image is empty.');
  if (bytes.byteLength > maxBytes) {
    const limit = Math.floor(maxBytes / 2 ** 20);
    throw new HangtagError('image.too_large', `The image is larger than ${limit} MiB.`);
  }
  const sniffed = sniff(bytes);
  if (sniffed.format) return sniffed.format;
  throw unsupported(sniffed.looksLike);
}

function unsupported(looksLike: string | null): HangtagError {
  const seen = looksLike ? `This looks like ${looksLike}.` : 'This is no image format that is known here.';
  return new HangtagError('image.unsupported_type', `${seen} Send JPEG, PNG, WebP, AVIF, GIF or TIFF.`);
}

/** Header only: no pixel is decoded. Its own limit is off because `checkHeader` sets a tighter one and says why. */
async function readHeader(bytes: Uint8Array): Promise<Metadata> {
  try {
    return await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (cause) {
    throw new HangtagError('image.unreadable', 'The image is damaged or incomplete.', { cause });
  }
}

function checkHeader(metadata: Metadata, format: Format, maxPixels: number) {
  if (metadata.format === 'heif' && metadata.compression !== 'av1') throw unsupported('a HEIC image');
  const { width, height } = metadata.autoOrient;
  const coding = format === 'avif' ? 'avif' : metadata.isProgressive ? 'progressive' : 'plain';
  const limit = coding === 'plain' ? maxPixels : Math.min(maxPixels, codingLimits[coding]);
  if (width * height > limit) {
    const kind =
      coding === 'plain' ? '' : ` for ${coding === 'avif' ? 'AVIF' : 'progressive or interlaced files'}`;
    throw new HangtagError(
      'image.too_large',
      `The image has ${width} x ${height} pixels; at most ${limit / 1e6} million are read${kind}.`,
    );
  }
  const short = Math.min(width, height);
  if (short < minSide) {
    throw new HangtagError('image.unreadable', `${width} x ${height} pixels are too small to tell anything.`);
  }
  if (Math.max(width, height) / short > maxProportion) {
    throw new HangtagError(
      'image.unreadable',
      `${width} x ${height} pixels: no side may be ${maxProportion} times the other.`,
    );
  }
  return { width, height, coding } as const;
}

function weightOf(format: Format, coding: keyof typeof weights, pixels: number): number {
  const heldWhole = format === 'webp' || format === 'gif';
  return heldWhole ? Math.max(1, Math.ceil(pixels / pixelsPerPlace)) : weights[coding];
}

/** The whole picture at a first, moderate size: upright, sRGB, 8 bit, first frame. */
async function decode(
  bytes: Uint8Array,
  { width, height }: Size,
  kernel: InputSpec['kernel'],
  limitInputPixels: number,
  seconds: number,
): Promise<Decoded> {
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels, failOn: 'warning' })
      .autoOrient()
      .resize({ width, height, fit: 'fill', kernel, fastShrinkOnLoad: false })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .timeout({ seconds })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, channels: info.channels, data };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : '';
    if (/timeout/i.test(message)) {
      throw new HangtagError('image.too_large', `The image takes longer than ${seconds} s to decode.`, {
        cause,
      });
    }
    if (/out of memory|unable to allocate|malloc/i.test(message)) {
      throw new HangtagError('service.overloaded', 'There is no memory to decode the image now.', {
        cause,
        retryAfter: 5,
      });
    }
    throw new HangtagError('image.unreadable', 'The image is damaged or incomplete.', { cause });
  }
}

export const encodePng: EncodePicture = ({ width, height, data }) =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 6 })
    .toBuffer();

/** From pixels that are decoded already: decoding twice for one small copy would double the cost of a picture. */
async function shrink(
  { width, height, channels, data }: Decoded,
  to: Size,
  kernel: InputSpec['kernel'],
): Promise<Decoded> {
  if (to.width === width && to.height === height) return { width, height, channels, data };
  const raw = { width, height, channels: channels as 1 | 2 | 3 | 4 };
  const { data: small, info } = await sharp(data, { raw })
    .resize({ width: to.width, height: to.height, fit: 'fill', kernel })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data: small };
}

function assemble(
  bytes: Uint8Array,
  spec: InputSpec,
  seen: { readonly width: number; readonly height: number; readonly format: string },
  {
    place,
    whole,
    thumbnail,
  }: Readonly<Record<'whole' | 'thumbnail', Decoded>> & {
    readonly place: ReturnType<typeof placeInput>;
  },
): PreparedImage {
  const small = splitAlpha(thumbnail);
  const laid = enlarge(splitAlpha(whole).pixels, place, spec.size, spec.kernel);
  const input = layInto(spec.size, laid.pixels, laid.place, spec.fill);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    facts: { sha256, ...seen, size: bytes.byteLength },
    // A buffer of its own: inference transfers it to another thread, which would detach a shared one.
    input: { ...input, data: Uint8Array.from(input.data) },
    thumbnail: small.pixels,
    alpha: small.alpha,
  };
}
