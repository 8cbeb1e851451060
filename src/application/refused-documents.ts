/** What is wrong with documents, as a caller is told: with pointers into what was sent. */
import { type ErrorCode, HangtagError, type Problem } from '../domain/errors.ts';
import { pointerKey } from '../domain/review/refusal.ts';
import type { TaxonomyProblem } from '../domain/taxonomy/documents.ts';

/** Problems named in one answer, at most: whoever has more has one mistake in many places. */
const maxProblems = 1000;

export function refusedDocuments(
  code: ErrorCode & `${string}.invalid`,
  problems: readonly TaxonomyProblem[],
  under: string,
): HangtagError {
  const errors = problems.slice(0, maxProblems).map(({ file, path, message }): Problem => {
    const steps = [...(file ? [file] : []), ...(path ? path.split('.') : [])].map(pointerKey);
    // It may quote what was sent, which can be megabytes.
    return { code, detail: message.slice(0, 500), pointer: [under, ...steps].join('/') };
  });
  const [first] = errors;
  const detail =
    problems.length === 1 && first
      ? `${first.pointer}: ${first.detail}`
      : `There are ${problems.length} problems.`;
  return new HangtagError(code, detail, { errors });
}
