/**
 * What this process answers by: a model, a taxonomy and a calibration that belong together. All three change while it runs,
 * and never one without what depends on it: what is new is made first, beside what answers meanwhile, and then takes its place at once. Calls
 * that have begun keep what they began with.
 */
import { HangtagError } from '../domain/errors.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import type { Awaited } from './awaiting-model.ts';
import type { BareModel, MeantModel, OpenedModel } from './opened-model.ts';
import type { ActiveMeaning } from './ports-meaning.ts';
import { nameOf, type Terms } from './terms.ts';
import type { BankProgress } from './text-bank.ts';

export interface KeeperLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

export interface MeaningKeeperNeeds {
  readonly terms: Terms;
  /** What was active when this process started. */
  readonly active: ActiveMeaning;
  readonly log: KeeperLog;
  /** Resolves before the next try, by the number of tries so far; at once where the signal ends it. */
  readonly wait: (tries: number, signal: AbortSignal) => Promise<void>;
}

/** A model with the vectors of a taxonomy: what was prepared for a switch fits only the model that it was prepared with. */
export interface Prepared {
  readonly bare: BareModel;
  readonly meant: MeantModel;
}

type Opening = Pick<Awaited<OpenedModel>, 'reason' | 'over' | 'again' | 'replace'>;

export interface MeaningKeeper {
  /** For whoever opens the model: what it means now. `say`: how far that is, in a sentence. */
  mean(bare: BareModel, say: (progress: string) => void): Promise<OpenedModel>;
  /** Once, before anything else: what opens the model. */
  attach(opening: Opening): void;
  /** Raises `inference.unavailable` where the active one cannot be used. */
  taxonomy(): Taxonomy;
  /** Of what this process answers by, or has found that it cannot. */
  generation(): number;
  /** Answers by what is active from now on; rejects where that may be tried again. */
  follow(active: ActiveMeaning, prepared?: Prepared | null): Promise<void>;
  /** The model as it was last opened; null before that. */
  bare(): BareModel | null;
  /** Why what is active is not what answers, or nothing does; null where all is well. */
  reason(): string | null;
  captions(): BankProgress | null;
  close(): Promise<void>;
}

/** What answers, and as of which switch. */
type Held = Prepared & { readonly generation: number };
type Target = { readonly generation: number } & (
  | { readonly taxonomy: Taxonomy }
  | { readonly fault: string }
);

export async function createMeaningKeeper(needs: MeaningKeeperNeeds): Promise<MeaningKeeper> {
  const { terms, log, wait } = needs;
  let opening: Opening | null = null;
  let bare: BareModel | null = null;
  let current: Held | null = null;
  /** What is active and cannot be used here, while the one before still answers. */
  let stuck: string | null = null;
  let filling = { stop: () => {}, over: Promise.resolve() };
  let target = await targetOf(needs.active);

  async function targetOf({ generation, taxonomy: version }: ActiveMeaning): Promise<Target> {
    try {
      return { generation, taxonomy: await terms.taxonomy(version) };
    } catch (error) {
      if (mayPass(error)) throw error;
      return { generation, fault: messageOf(error) };
    }
  }

  /** What answers while the model is open. What is active may be newer for a moment: `generation` tells. */
  const answering = () => (opening?.reason() === null ? current : null);

  function hold(next: Held): void {
    const before = current?.meant;
    current = next;
    if (next.meant === before) return;
    filling.stop();
    const stopping = new AbortController();
    filling = {
      stop: () => stopping.abort(),
      over: next.meant.captions() ? fill(next.meant, stopping.signal) : Promise.resolve(),
    };
  }

  async function fill(meant: MeantModel, signal: AbortSignal): Promise<void> {
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        await meant.loadAll(signal);
        return log.info({ ...meant.captions() }, 'all captions of the taxonomy are known');
      } catch (err) {
        if (signal.aborted) return;
        log.warn({ err, ...meant.captions() }, 'encoding captions failed; it is tried again');
        await wait(tries, signal);
      }
    }
  }

  const opened = async ({ bare: { card }, meant }: Prepared) => {
    const calibration = await terms.calibration(card.id, meant.taxonomy);
    const facts = {
      model: `${card.id}@${card.fingerprint}`,
      taxonomy: nameOf(meant.taxonomy),
      calibration: calibration?.id ?? null,
    };
    return { model: meant.under(calibration), facts };
  };

  /** What the open model says under the target: kept, prepared before, or made now. */
  async function meantBy(
    { bare: one, meant: before }: Prepared,
    taxonomy: Taxonomy,
    prepared: Prepared | null,
  ) {
    if (before.taxonomy === taxonomy) return before;
    return prepared?.bare === one && prepared.meant.taxonomy === taxonomy
      ? prepared.meant
      : one.mean(taxonomy);
  }

  return {
    attach(given) {
      opening = given;
    },

    async mean(one, say) {
      bare = one;
      for (;;) {
        const wanted = target;
        if ('fault' in wanted) throw new Error(wanted.fault);
        const meant = await one.mean(wanted.taxonomy, ({ texts, ofTexts }) =>
          say(`The model is open; ${texts} of ${ofTexts} captions are encoded.`),
        );
        const { model, facts } = await opened({ bare: one, meant });
        // Something else was activated meanwhile.
        if (target !== wanted) continue;
        hold({ bare: one, meant, generation: wanted.generation });
        log.info(facts, 'model and taxonomy are ready');
        return model;
      }
    },

    async follow(active, prepared = null) {
      const next = await targetOf(active);
      for (;;) {
        const standing = answering();
        if (standing === null) {
          // Whoever opens the model looks at the target.
          target = next;
          stuck = null;
          if (opening?.over()) opening.again('Another taxonomy was activated.');
          return;
        }
        try {
          if ('fault' in next) throw new Error(next.fault);
          const meant = await meantBy(standing, next.taxonomy, prepared);
          const { model, facts } = await opened({ bare: standing.bare, meant });
          // The model was opened anew meanwhile, or is being.
          if (answering() !== standing) continue;
          // Nothing is waited for between here and the end: a caller sees all of it, or nothing.
          target = next;
          stuck = null;
          hold({ bare: standing.bare, meant, generation: next.generation });
          opening?.replace(model);
          return log.info(facts, 'switched');
        } catch (error) {
          if (mayPass(error)) throw error;
          stuck = `What was activated cannot be used here: ${messageOf(error)}`;
          current = { ...standing, generation: next.generation };
          return log.warn(
            { err: error },
            'what was activated cannot be used here; the one before still answers',
          );
        }
      }
    },

    taxonomy() {
      const standing = answering();
      if (standing) return standing.meant.taxonomy;
      if ('taxonomy' in target) return target.taxonomy;
      throw new HangtagError('inference.unavailable', target.fault, { retryAfter: 30 });
    },
    generation: () => (answering() ?? target).generation,
    bare: () => bare,
    reason: () => stuck ?? opening?.reason() ?? null,
    captions: () => answering()?.meant.captions() ?? null,
    async close() {
      filling.stop();
      await filling.over;
    },
  };
}

export function mayPass(error: unknown): boolean {
  return error instanceof HangtagError && error.kind.retryable;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'failed';
}
