/** A taxonomy or calibration that cannot be used: everything that is wrong with it. */
import type { TaxonomyProblem } from '../../domain/taxonomy/documents.ts';

export class TaxonomyError extends Error {
  readonly problems: readonly TaxonomyProblem[];
  constructor(problems: readonly TaxonomyProblem[]) {
    const list = problems.map(
      ({ file, path: where, message }) => `  - ${[file, where, message].filter(Boolean).join(': ')}`,
    );
    super(`The taxonomy has ${problems.length} problem(s):\n${list.join('\n')}`);
    this.name = 'TaxonomyError';
    this.problems = problems;
  }
}
