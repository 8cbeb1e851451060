/** The taxonomies and calibrations that there are: the folder's own, and those that were uploaded. */
import { HangtagError } from '../domain/errors.ts';
import type { Calibration } from '../domain/tagging/calibration.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import type { TaxonomySource } from './ports.ts';
import type { MeaningReader, Meanings } from './ports-meaning.ts';

export interface TermsNeeds {
  /** The folder's. */
  readonly own: Taxonomy;
  readonly source: Pick<TaxonomySource, 'calibration'>;
  readonly meanings: Meanings;
  readonly reader: MeaningReader;
}

export interface Terms {
  /** The folder's, as it was at the start. */
  readonly own: Taxonomy;
  /** An uploaded one, or for null the folder's. Raises `taxonomy.not_found`, and `taxonomy.invalid` where this release refuses it. */
  taxonomy(version: string | null): Promise<Taxonomy>;
  /** The version as it is known to `Meanings`: null for one that only the folder has. Raises `taxonomy.not_found`. */
  place(version: string): Promise<string | null>;
  /** The one that goes by `<id>@<version>`, or null. */
  named(name: string): Promise<Taxonomy | null>;
  /** What counts for the model: the chosen one, else the folder's, else none. */
  calibration(modelId: string, taxonomy: Taxonomy): Promise<Calibration | null>;
}

/** Uploaded taxonomies kept built: what is active, and those that are compared with it. */
const keptBuilt = 4;

export function createTerms({ own, source, meanings, reader }: TermsNeeds): Terms {
  const built = new Map<string, Taxonomy>();

  async function uploaded(version: string): Promise<Taxonomy> {
    const known = built.get(version);
    if (known) return known;
    const stored = await meanings.findTaxonomy(version);
    if (!stored) throw notFound();
    const read = await reader.taxonomy(stored.files);
    if ('problems' in read) {
      const [first] = read.problems;
      const detail = `The taxonomy ${version} has ${read.problems.length} problem(s), the first: ${first?.file}: ${first?.message}.`;
      throw new HangtagError('taxonomy.invalid', detail);
    }
    built.set(version, read.taxonomy);
    for (const oldest of built.keys()) if (built.size > keptBuilt) built.delete(oldest);
    return read.taxonomy;
  }

  return {
    own,
    async taxonomy(version) {
      return version === null ? own : uploaded(version);
    },
    async place(version) {
      if (built.has(version) || (await meanings.findTaxonomy(version))) return version;
      if (version === own.version) return null;
      throw notFound();
    },
    async named(name) {
      if (name === nameOf(own)) return own;
      const version = name.slice(name.lastIndexOf('@') + 1);
      const stored = await meanings.findTaxonomy(version);
      return stored && `${stored.id}@${version}` === name ? uploaded(version) : null;
    },
    async calibration(modelId, taxonomy) {
      const chosen = await meanings.chosenCalibration(modelId, nameOf(taxonomy));
      return chosen ?? source.calibration(modelId, taxonomy);
    },
  };
}

export function nameOf({ id, version }: Taxonomy): string {
  return `${id}@${version}`;
}

function notFound(): HangtagError {
  return new HangtagError('taxonomy.not_found', 'There is no taxonomy with this version.');
}
