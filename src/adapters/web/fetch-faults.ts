/** What went wrong on the way to a picture, in our words: whether it must not be, cannot be, or cannot be right now. */
import { HangtagError } from '../../domain/errors.ts';
import { placeOf } from './allowed-url.ts';
import { AddressRefused } from './guarded-agent.ts';

export function refused(detail: string): HangtagError {
  return new HangtagError('image.fetch_refused', detail);
}

/** `seconds` until another try makes sense, where that is known. */
export function unavailable(detail: string, seconds: number | null, cause?: unknown): HangtagError {
  return new HangtagError('image.fetch_unavailable', detail, { cause, retryAfter: seconds ?? 1 });
}

/** Of an answer that is no picture. */
export function statusFault(status: number, url: URL, retryAfter: number | null): HangtagError {
  const detail = `The server answered ${placeOf(url)} with ${status}.`;
  const passing = status === 408 || status === 425 || status === 429 || status >= 500;
  return passing ? unavailable(detail, retryAfter) : new HangtagError('image.fetch_failed', detail);
}

/** Certificates that are wrong stay wrong; and a name that does not exist. */
const lasting =
  /^(ENOTFOUND|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_|HPE_|UND_ERR_HEADERS_OVERFLOW)/;

/** Whatever was thrown while asking `url`. */
export function faultOf(error: unknown, url: URL): unknown {
  if (error instanceof HangtagError) return error;
  if (error instanceof AddressRefused || (error as Error)?.cause instanceof AddressRefused)
    return refused(`The host ${url.hostname} is not on the public internet.`);
  const code = (error as NodeJS.ErrnoException)?.code;
  if (typeof code !== 'string') return error;
  if (lasting.test(code))
    return new HangtagError('image.fetch_failed', `${url.hostname} cannot be reached: ${code}.`, {
      cause: error,
    });
  return unavailable(`${url.hostname} cannot be reached right now: ${code}.`, null, error);
}
