/** What a hostile image is: how it is made, how it is announced, and what the service may answer. */
import type { ErrorCode } from '../../src/domain/errors.ts';

export type Verdict = 'tagged' | ErrorCode;

export interface HostileImage {
  readonly name: string;
  /** The Content-Type it is sent under as a raw body. */
  readonly type: string;
  /** Every answer that is right; most have one. */
  readonly may: readonly Verdict[];
  /** Instead of `may` for a raw body, or for base64 in JSON. */
  readonly raw?: readonly Verdict[];
  readonly json?: readonly Verdict[];
  make(): Buffer | Promise<Buffer>;
}

type Make = HostileImage['make'];

/** A case with the image type it is announced as. */
export function hostile(
  name: string,
  type: string,
  may: Verdict | readonly Verdict[],
  make: Make,
  other: Pick<HostileImage, 'raw' | 'json'> = {},
): HostileImage {
  const list = typeof may === 'string' ? [may] : may;
  return { name, type: `image/${type}`, may: list, make, ...other };
}

export const unreadable = 'image.unreadable';
export const unsupported = 'image.unsupported_type';
export const tooLarge = 'image.too_large';
