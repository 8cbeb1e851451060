/** A body as it arrives, cut into lines. Never more than one line and one chunk are held, whatever is sent. */
import { HangtagError, type Problem } from '../domain/errors.ts';

/** A line that is not blank, numbered from 1 with the blank ones counted. */
export type BodyLine =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly fault: Problem };

export interface LineLimits {
  /** Bytes of one line. */
  readonly lineBytes: number;
  /** Bytes of the body. */
  readonly totalBytes: number;
  /** Lines, blank ones included. */
  readonly lines: number;
}

export const importLimits: LineLimits = { lineBytes: 2 ** 20, totalBytes: 2 ** 30, lines: 2_000_000 };

const newline = 10;

/** The lines of each chunk together. A byte order mark, CR before LF and a last line without an end are fine. Raises `request.too_large`. */
export async function* splitLines(
  body: AsyncIterable<Uint8Array>,
  limits: LineLimits = importLimits,
): AsyncGenerator<readonly BodyLine[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let total = 0;
  let pieces: Uint8Array[] = [];
  let held = 0;

  const hold = (piece: Uint8Array) => {
    held += piece.byteLength;
    // Of a line that is too long only its length is still of interest.
    if (held > limits.lineBytes) pieces = [];
    // Copied: the chunk that it is a part of may be much larger, and is not ours to keep.
    else if (piece.byteLength > 0) pieces.push(piece.slice());
  };
  function end(last: Uint8Array): BodyLine | null {
    const length = held + last.byteLength;
    const before = pieces;
    pieces = [];
    held = 0;
    if (++number > limits.lines)
      throw new HangtagError('request.too_large', `An import has at most ${limits.lines} lines.`);
    if (length > limits.lineBytes) {
      const detail = `The line has more than ${limits.lineBytes} bytes.`;
      return { number, fault: { code: 'request.too_large', detail, pointer: '' } };
    }
    try {
      const text = decoder.decode(before.length === 0 ? last : joined([...before, last], length)).trim();
      return text === '' ? null : { number, text };
    } catch {
      return {
        number,
        fault: { code: 'request.malformed', detail: 'The line is not UTF-8.', pointer: '' },
      };
    }
  }

  for await (const chunk of body) {
    total += chunk.byteLength;
    if (total > limits.totalBytes)
      throw new HangtagError('request.too_large', `An import has at most ${limits.totalBytes} bytes.`);
    const lines: BodyLine[] = [];
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      const line = end(chunk.subarray(from, at));
      if (line) lines.push(line);
      from = at + 1;
    }
    hold(chunk.subarray(from));
    yield lines;
  }
  if (held === 0) return;
  const line = end(new Uint8Array());
  if (line) yield [line];
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
