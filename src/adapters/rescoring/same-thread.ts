/** Blocks decided where they are given: for small catalogs and commands, where nobody waits on the event loop. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Rescorer, RescoringOutcome } from '../../application/ports-rescoring.ts';
import type { Meaning } from '../../domain/tagging/decide-product.ts';
import { decideBlock } from './decide-block.ts';
import { cancelled, stopped } from './refusals.ts';

/** Products between two turns of the event loop: some milliseconds. */
const part = 10;

export function createSameThreadRescorer(meaning: Meaning): Rescorer {
  let closed = false;
  if (meaning.bank.categories.values.slots)
    throw new TypeError('a model that gives probabilities has no vectors to score again');
  return {
    lanes: 1,
    async rescore(block, provenance, signal) {
      const outcomes: RescoringOutcome[] = [];
      for (let start = 0; start < block.length; start += part) {
        if (closed) throw stopped();
        if (signal?.aborted) throw cancelled(signal);
        outcomes.push(...decideBlock(meaning, block.slice(start, start + part), provenance));
        await turn();
      }
      return outcomes;
    },
    async close() {
      closed = true;
    },
  };
}
