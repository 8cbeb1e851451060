/** How a review is refused: as a whole, with everything that is wrong. */
import { HangtagError, type Problem } from '../errors.ts';

/** Mistakes named in one answer, at most. */
const maxProblems = 50;

export function wrong(pointer: string, detail: string): Problem {
  return { code: 'request.malformed', detail, pointer };
}

/** Throws `request.malformed` where there is anything to say. */
export function refuse(problems: readonly Problem[]): void {
  const [first] = problems;
  if (!first) return;
  const detail =
    problems.length === 1 ? `${first.pointer}: ${first.detail}` : `${problems.length} things are wrong.`;
  throw new HangtagError('request.malformed', detail, { errors: problems.slice(0, maxProblems) });
}

/** A key inside a JSON pointer (RFC 6901). */
export function pointerKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
