/**
 * Where pixels go, as integers. Done here and not by the image library because a reference that rounds otherwise moves
 * a crop by one pixel, and one pixel on a striped garment is 31 grey levels (`fit: 'cover'` was measured at that).
 */
import type { InputSpec } from '../../application/ports.ts';

/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The whole picture is resized to this size, and lies then in the model's square. */
export interface Placement extends Size {
  /** Where its left upper corner lies in the model's square: negative for a crop, positive for a pad, 0 for a squash. */
  readonly left: number;
  readonly top: number;
}

/** Halves go to the even neighbour, as Python's `round` does, which the usual reference transforms are written in. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * How a picture of `width` x `height` pixels (after orientation) lies in the model's square. Upscales where it must.
 * crop: shorter side to `resizeTo`, longer to int(resizeTo * long / short), offset (n - size) / 2, rounded as told.
 */
export function placeInput(width: number, height: number, spec: InputSpec): Placement {
  const { size, fit, resizeTo = size, cropOffset = 'half-even' } = spec;
  if (fit === 'squash') return { width: size, height: size, left: 0, top: 0 };
  const short = Math.min(width, height);
  const long = Math.max(width, height);
  if (fit === 'crop') {
    const round = cropOffset === 'floor' ? Math.floor : roundHalfEven;
    const offsetOf = (side: number) => -round((side - size) / 2) || 0;
    const longTo = Math.floor((resizeTo * long) / short);
    const [toWidth, toHeight] = width <= height ? [resizeTo, longTo] : [longTo, resizeTo];
    return { width: toWidth, height: toHeight, left: offsetOf(toWidth), top: offsetOf(toHeight) };
  }
  const shortTo = Math.max(1, Math.round((size * short) / long));
  const offset = Math.floor((size - shortTo) / 2);
  return width <= height
    ? { width: shortTo, height: size, left: offset, top: 0 }
    : { width: size, height: shortTo, left: 0, top: offset };
}

/** Intermediate over final side: 4 is the most exact and costs twice a direct resize of 12 MP; 2.5 costs a third more. */
const firstStepScale = 2.5;

/**
 * The size to decode to before the last resize to `to`, where the picture is four times larger or more; never larger than
 * the picture, for `enlarge.ts` does that.
 * From there on libvips decodes JPEG at a reduced scale and averages whole blocks before its kernel, whatever it is
 * asked for: a direct resize then differs from the reference by up to 1.6 of 255 levels, one in two steps by 0.35.
 */
export function firstStep(from: Size, to: Size): Size {
  const side = (source: number, target: number) =>
    source < 4 * target ? Math.min(source, target) : Math.floor(firstStepScale * target);
  return { width: side(from.width, to.width), height: side(from.height, to.height) };
}

/** Sides of a copy whose longest side is at most `longest` pixels; never larger than the picture. */
export function thumbnailSize(width: number, height: number, longest: number): Size {
  const scale = Math.min(1, longest / Math.max(width, height));
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}
