/**
 * Whose turn it is. Sources take turns, so that a flood from one never keeps the others waiting. Imports yield: they get
 * a turn where nobody else has work, and every eighth turn all the same, so that they never starve.
 */
import { type WorkSource, workSources } from '../../application/ports-work.ts';

export interface Turns {
  /** The source to be asked next, of those that may have work; null where none has. */
  next(mayHave: (source: WorkSource) => boolean): WorkSource | null;
  /** It had work: the turn after is another's. */
  took(source: WorkSource): void;
}

const others = workSources.filter((source) => source !== 'imports');
/** Of so many turns, one is the imports'. */
const importsEvery = 8;

export function createTurns(): Turns {
  let last = others.length - 1;
  let sinceImports = 0;
  return {
    next(mayHave) {
      const inTurn = others.map((_, step) => others[(last + 1 + step) % others.length]!);
      const other = inTurn.find(mayHave) ?? null;
      const yields = other !== null && sinceImports < importsEvery - 1;
      return !yields && mayHave('imports') ? 'imports' : other;
    },
    took(source) {
      if (source === 'imports') {
        sinceImports = 0;
      } else {
        sinceImports++;
        last = others.indexOf(source);
      }
    },
  };
}
