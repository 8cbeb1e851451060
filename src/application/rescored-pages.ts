/**
 * A catalog decided anew, page by page in the order of ids: while one page is written by whoever asked, the next ones are decided and
 * one more is read. Memory is that of those pages, whatever the catalog's size.
 */
import type {
  Rescorer,
  RescoringInput,
  RescoringOutcome,
  RescoringProvenance,
  RescoringScope,
  RescoringStore,
} from './ports-rescoring.ts';

export interface RescoredPagesNeeds {
  readonly store: Pick<RescoringStore, 'readForRescoring'>;
  readonly rescorer: Rescorer;
}

export interface RescoringRun {
  readonly scope: RescoringScope;
  /** Vectors under this model. */
  readonly model: string;
  /** The last product of an earlier run that this one goes on from, '' for the beginning. */
  readonly after: string;
  /** Products in a page. */
  readonly pageSize: number;
  /** What the next page is decided under. */
  provenance(): RescoringProvenance;
}

export interface RescoredPage {
  /** The cursor: its last product. */
  readonly last: string;
  /** In the order of ids. */
  readonly outcomes: readonly RescoringOutcome[];
}

/** Raises what reading or deciding raises, once the pages before it were given. */
export async function* rescoredPages(
  { store, rescorer }: RescoredPagesNeeds,
  run: RescoringRun,
  signal: AbortSignal,
): AsyncGenerator<RescoredPage> {
  const { scope, model, pageSize } = run;
  // Whoever wants no more pages leaves nothing behind that is still being decided.
  const leaving = new AbortController();
  const either = AbortSignal.any([signal, leaving.signal]);
  const pages: Promise<RescoredPage | null>[] = [];
  let reading: Promise<string | null> = Promise.resolve(run.after);

  function readOn(): void {
    const inputs = reading.then(async (after): Promise<readonly RescoringInput[]> => {
      if (after === null || either.aborted) return [];
      return store.readForRescoring({ scope, model, after, limit: pageSize });
    });
    reading = inputs.then((some) => (some.length < pageSize ? null : some.at(-1)!.productId));
    const page = inputs.then(async (some) => {
      const last = some.at(-1)?.productId;
      if (last === undefined) return null;
      return { last, outcomes: await rescorer.rescore(some, run.provenance(), either) };
    });
    for (const promise of [reading, page]) promise.catch(() => {});
    pages.push(page);
  }

  try {
    for (;;) {
      while (pages.length <= rescorer.lanes) readOn();
      signal.throwIfAborted();
      const page = await pages.shift()!;
      signal.throwIfAborted();
      if (page === null) return;
      yield page;
    }
  } finally {
    leaving.abort();
    await Promise.allSettled(pages);
  }
}
