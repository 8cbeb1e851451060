/** Taxonomies, calibrations and what is active, for as long as the process lives. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../application/ports.ts';
import type {
  ActiveMeaning,
  Meanings,
  PreparationProgress,
  StoredCalibration,
  StoredTaxonomy,
  TaxonomyFiles,
} from '../../application/ports-meaning.ts';
import { HangtagError } from '../../domain/errors.ts';

interface Wish {
  readonly ticket: string;
  readonly taxonomy: string | null;
  readonly worker: string | null;
  /** Milliseconds of this process. */
  readonly leaseUntil: number;
  readonly progress: PreparationProgress;
}

const justBegun: PreparationProgress = { captions: null, waitingFor: null };

export function createMemoryMeanings({ clock }: { readonly clock: Clock }): Meanings {
  const taxonomies = new Map<string, StoredTaxonomy & { readonly files: TaxonomyFiles }>();
  const calibrations = new Map<string, StoredCalibration>();
  let active: Omit<ActiveMeaning, 'preparing'> = {
    generation: 0,
    taxonomy: null,
    switchedAt: null,
    failure: null,
  };
  let wish: Wish | null = null;
  const held = (ticket: string, worker: string) =>
    wish?.ticket === ticket && wish.worker === worker ? wish : null;

  return {
    async addTaxonomy(taxonomy) {
      const known = taxonomies.get(taxonomy.version);
      if (known && (known.contentHash !== taxonomy.contentHash || known.id !== taxonomy.id))
        throw new HangtagError(
          'taxonomy.conflict',
          `The version ${taxonomy.version} has another content already.`,
        );
      if (known) return { stored: withoutFiles(known), created: false };
      const stored = { ...taxonomy, createdAt: clock(), activatedAt: null };
      taxonomies.set(taxonomy.version, stored);
      return { stored: withoutFiles(stored), created: true };
    },
    findTaxonomy: async (version) => taxonomies.get(version) ?? null,
    taxonomies: async (limit, after) =>
      page([...taxonomies.values()], ({ version }) => version, limit, after).map(withoutFiles),

    async addCalibration(calibration, contentHash) {
      const known = calibrations.get(calibration.id);
      if (known && known.contentHash !== contentHash)
        throw new HangtagError(
          'calibration.conflict',
          `The calibration ${calibration.id} has another content already.`,
        );
      if (known) return { stored: known, created: false };
      const stored = { calibration, contentHash, chosen: false, createdAt: clock(), activatedAt: null };
      calibrations.set(calibration.id, stored);
      return { stored, created: true };
    },
    findCalibration: async (id) => calibrations.get(id) ?? null,
    calibrations: async (limit, after) =>
      page([...calibrations.values()], ({ calibration }) => calibration.id, limit, after),
    async chosenCalibration(model, taxonomy) {
      const found = [...calibrations.values()].find(
        ({ chosen, calibration: one }) => chosen && one.model === model && one.taxonomy === taxonomy,
      );
      return found?.calibration ?? null;
    },
    async chooseCalibration(model, taxonomy, id) {
      const fits = (one: StoredCalibration) =>
        one.calibration.model === model && one.calibration.taxonomy === taxonomy;
      const wanted = id === null ? null : calibrations.get(id);
      if (wanted !== null && !(wanted && fits(wanted)))
        throw new HangtagError('calibration.not_found', 'There is no calibration with this id.');
      for (const [key, one] of calibrations) if (fits(one)) calibrations.set(key, { ...one, chosen: false });
      if (id !== null && wanted) calibrations.set(id, { ...wanted, chosen: true, activatedAt: clock() });
      active = { ...active, generation: active.generation + 1 };
    },

    async active() {
      if (!wish) return { ...active, preparing: null };
      const { ticket, taxonomy, progress, leaseUntil } = wish;
      return { ...active, preparing: { ticket, taxonomy, progress, idle: leaseUntil < performance.now() } };
    },
    async want(taxonomy) {
      active = { ...active, failure: null };
      wish =
        active.taxonomy === taxonomy
          ? null
          : { ticket: randomUUID(), taxonomy, worker: null, leaseUntil: -1, progress: justBegun };
      return wish?.ticket ?? null;
    },
    async claim(ticket, worker, leaseMs, progress) {
      if (wish?.ticket !== ticket) return false;
      if (wish.worker !== null && wish.worker !== worker && wish.leaseUntil >= performance.now())
        return false;
      wish = { ...wish, worker, leaseUntil: performance.now() + leaseMs, progress };
      return true;
    },
    async switchOver(ticket, worker) {
      const mine = held(ticket, worker);
      if (!mine) return false;
      const { taxonomy } = mine;
      const known = taxonomy === null ? undefined : taxonomies.get(taxonomy);
      if (known) taxonomies.set(known.version, { ...known, activatedAt: clock() });
      active = { generation: active.generation + 1, taxonomy, switchedAt: clock(), failure: null };
      wish = null;
      return true;
    },
    async giveUp(ticket, worker, detail) {
      const mine = held(ticket, worker);
      if (!mine) return;
      active = { ...active, failure: { taxonomy: mine.taxonomy, detail } };
      wish = null;
    },
    async release(ticket, worker) {
      const mine = held(ticket, worker);
      if (mine) wish = { ...mine, worker: null, leaseUntil: -1 };
    },
  };
}

/** Newest first. */
function page<T>(all: readonly T[], keyOf: (one: T) => string, limit: number, after: string | null): T[] {
  const list = [...all].reverse();
  if (after === null) return list.slice(0, limit);
  const at = list.findIndex((one) => keyOf(one) === after);
  return at < 0 ? [] : list.slice(at + 1, at + 1 + limit);
}

function withoutFiles({
  files: _,
  ...stored
}: StoredTaxonomy & { readonly files: TaxonomyFiles }): StoredTaxonomy {
  return stored;
}
