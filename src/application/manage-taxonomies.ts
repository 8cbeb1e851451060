/** Taxonomies by version: taken in, compared with the active one, and made active. */
import { HangtagError } from '../domain/errors.ts';
import { diffTaxonomies } from '../domain/taxonomy/diff.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import type { Taxonomies, TaxonomyReport } from './administer.ts';
import type { ActiveMeaning, MeaningReader, Meanings, StoredTaxonomy } from './ports-meaning.ts';
import { refusedDocuments } from './refused-documents.ts';
import type { Terms } from './terms.ts';
import type { MeaningWatch } from './watch-meaning.ts';

export interface ManageTaxonomiesNeeds {
  readonly terms: Terms;
  readonly meanings: Meanings;
  readonly reader: MeaningReader;
  readonly watch: Pick<MeaningWatch, 'look' | 'prepared'>;
  /** The one that answers in this process. */
  readonly active: () => Taxonomy;
  /** Milliseconds that a caller waits for an activation before he is told that it is under way; 2,000 unless told. */
  readonly patienceMs?: number;
}

export function createManageTaxonomies(needs: ManageTaxonomiesNeeds): Taxonomies {
  const { terms, meanings, reader, watch, active, patienceMs = 2000 } = needs;
  const { own } = terms;

  /** `version`: null for the folder's. */
  const standing = (version: string | null, { taxonomy, preparing, failure }: ActiveMeaning) => {
    const mine = preparing?.taxonomy === version ? preparing.progress : null;
    return {
      state: taxonomy === version ? ('active' as const) : mine ? ('preparing' as const) : ('stored' as const),
      preparation: taxonomy === version ? null : mine,
      failure: failure?.taxonomy === version ? failure.detail : null,
    };
  };
  const uploaded = (stored: StoredTaxonomy, now: ActiveMeaning): TaxonomyReport => ({
    version: stored.version,
    id: stored.id,
    contentHash: stored.contentHash,
    source: 'uploaded',
    createdAt: stored.createdAt,
    activatedAt: stored.activatedAt,
    ...standing(stored.version, now),
  });
  const folders = (now: ActiveMeaning): TaxonomyReport => ({
    version: own.version,
    id: own.id,
    contentHash: own.contentHash,
    source: 'folder',
    createdAt: null,
    activatedAt: now.taxonomy === null ? now.switchedAt : null,
    ...standing(null, now),
  });

  async function report(version: string): Promise<TaxonomyReport> {
    const [stored, now] = [await meanings.findTaxonomy(version), await meanings.active()];
    if (stored) return uploaded(stored, now);
    if (version === own.version) return folders(now);
    throw new HangtagError('taxonomy.not_found', 'There is no taxonomy with this version.');
  }

  /** What is active may be what nobody can build: then it is compared with the folder's. */
  function compared(taxonomy: Taxonomy) {
    let from = own;
    try {
      from = active();
    } catch (error) {
      if (!(error instanceof HangtagError)) throw error;
    }
    return diffTaxonomies(from, taxonomy);
  }

  return {
    async add(files, store) {
      const read = await reader.taxonomy(files);
      if ('problems' in read) throw refusedDocuments('taxonomy.invalid', read.problems, '/files');
      const { taxonomy } = read;
      const { id, version, contentHash } = taxonomy;
      const diff = compared(taxonomy);
      const known = await meanings.findTaxonomy(version);
      const ours = known ?? (version === own.version ? own : null);
      if (ours && (ours.contentHash !== contentHash || ours.id !== id)) {
        const detail = `The version ${version} has another content already: raise the version in taxonomy.yaml.`;
        throw new HangtagError('taxonomy.conflict', detail);
      }
      if (ours) return { created: false, taxonomy: { ...(await report(version)), diff } };
      if (store) {
        const { stored, created } = await meanings.addTaxonomy({ id, version, contentHash, files });
        return { created, taxonomy: { ...uploaded(stored, await meanings.active()), diff } };
      }
      const nowhere = { createdAt: null, activatedAt: null, preparation: null, failure: null };
      const looked = { version, id, contentHash, source: 'uploaded', state: 'stored', ...nowhere } as const;
      return { created: false, taxonomy: { ...looked, diff } };
    },

    async list(limit, after) {
      const now = await meanings.active();
      const found = await meanings.taxonomies(limit + 1, after);
      const items = found.slice(0, limit).map((stored) => uploaded(stored, now));
      const end = found.length > limit ? items.at(-1) : undefined;
      if (end) return { items, next: end.version };
      // The folder's stands at the end, and on a page of its own where the last one is full.
      if (items.length === limit) return { items, next: items.at(-1)!.version };
      const hidden = await meanings.findTaxonomy(own.version);
      return { items: hidden ? items : [...items, folders(now)], next: null };
    },

    async read(version) {
      const taxonomy = await terms.taxonomy(await terms.place(version));
      return { ...(await report(version)), diff: compared(taxonomy) };
    },

    async activate(version) {
      const place = await terms.place(version);
      // Built first: what this release refuses is refused at once.
      await terms.taxonomy(place);
      const ticket = await meanings.want(place);
      await watch.look();
      if (ticket !== null) await Promise.race([watch.prepared(), waited(patienceMs)]);
      const { failure, taxonomy } = await meanings.active();
      if (failure && failure.taxonomy === place && taxonomy !== place)
        throw new HangtagError('taxonomy.invalid', `The model cannot be used with it: ${failure.detail}`);
      return report(version);
    },
  };
}

function waited(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
