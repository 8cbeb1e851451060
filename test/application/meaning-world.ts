/** Processes that answer by one store, each with a model of its own: small taxonomies, and a model that can be away, slow, or not fit. */
import { createMemoryMeanings } from '../../src/adapters/store/memory-meanings.ts';
import { awaitModel } from '../../src/application/awaiting-model.ts';
import { createMeaningKeeper } from '../../src/application/keep-meaning.ts';
import { createManageCalibrations } from '../../src/application/manage-calibrations.ts';
import { createManageTaxonomies } from '../../src/application/manage-taxonomies.ts';
import type { BareModel, OpenedModel } from '../../src/application/opened-model.ts';
import type { ImageModel } from '../../src/application/ports.ts';
import type { MeaningReader, Meanings } from '../../src/application/ports-meaning.ts';
import { createPrepareMeaning } from '../../src/application/prepare-meaning.ts';
import { createTerms } from '../../src/application/terms.ts';
import { watchMeaning } from '../../src/application/watch-meaning.ts';
import { HangtagError } from '../../src/domain/errors.ts';
import type { Calibration } from '../../src/domain/tagging/calibration.ts';
import type { Taxonomy } from '../../src/domain/taxonomy/types.ts';
import { bank, taxonomy as small } from '../domain/tagging/small-world.ts';

export const silent = { info() {}, warn() {}, error() {} };
export const moment = (ms = 5) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const versioned = (version: string): Taxonomy => ({ ...small, version, contentHash: version });

/** `{"taxonomy.yaml": "1.1.0"}` is the taxonomy 1.1.0; a version that ends in 13 has a problem. */
export const reader: MeaningReader = {
  async taxonomy(files) {
    const version = files['taxonomy.yaml'] ?? '';
    if (version.endsWith('13'))
      return { problems: [{ file: 'taxonomy.yaml', path: 'version', message: 'is unlucky' }] };
    return { taxonomy: versioned(version) };
  },
  async calibration(value, fitted) {
    const calibration = value as Calibration;
    const known = await fitted(calibration.taxonomy);
    const problem = { file: '', path: 'taxonomy', message: 'is not here' };
    return known ? { calibration, contentHash: JSON.stringify(calibration) } : { problems: [problem] };
  },
};

export const files = (version: string) => ({ 'taxonomy.yaml': version });
export const calibration = (id: string, taxonomy: string): Calibration => ({
  id,
  model: 'm',
  taxonomy,
  category: null,
  attributes: {},
});

export interface Behaviour {
  /** Why the model gives nothing just now. */
  away: string | null;
  /** Versions that it cannot be used with. */
  unfit: readonly string[];
  /** Runs before the vectors of a version's categories are known, by which model. */
  mean: (version: string, fingerprint: string) => Promise<void>;
  /** Runs before the captions of a version are known. */
  encode: (version: string) => Promise<void>;
}

/** A process that has started. `die`: as by kill -9. */
export async function startProcess(meanings: Meanings, own = '1.0.0', started: Partial<Behaviour> = {}) {
  const behaviour: Behaviour = {
    away: null,
    unfit: [],
    mean: () => moment(1),
    encode: () => moment(1),
    ...started,
  };
  const encoded: string[] = [];
  let opened = 0;
  const terms = createTerms({
    own: versioned(own),
    source: {
      calibration: async (model, { version }) =>
        (version === '1.0.0' ? calibration('own', `small@${version}`) : null) && {
          ...calibration('own', `small@${version}`),
          model,
        },
    },
    meanings,
    reader,
  });
  const wait = () => moment();
  const keeper = await createMeaningKeeper({ terms, active: await meanings.active(), log: silent, wait });
  const there = () => {
    if (behaviour.away) throw new HangtagError('inference.unavailable', behaviour.away);
  };
  const bareModel = (): BareModel => {
    const card = { id: 'm', fingerprint: String(++opened) };
    return {
      card,
      async mean(taxonomy, told) {
        await behaviour.mean(taxonomy.version, card.fingerprint);
        there();
        if (behaviour.unfit.includes(taxonomy.version)) throw new Error(`it lacks ${taxonomy.version}`);
        const model = { card } as unknown as ImageModel;
        let known = 0;
        return {
          taxonomy,
          under: (fitted): OpenedModel => ({
            model,
            meaning: { taxonomy, bank, calibration: fitted },
            loadProfile: async () => {},
          }),
          captions: () => ({ texts: known, ofTexts: 10, encoded: known }),
          async loadAll() {
            there();
            await behaviour.encode(taxonomy.version);
            known = 10;
            // The bank goes on telling, long after the model is open.
            told?.({ texts: known, ofTexts: 10, encoded: known });
            encoded.push(taxonomy.version);
          },
        };
      },
    };
  };
  const models = awaitModel<OpenedModel>({
    async open(_signal, say) {
      await moment(1);
      there();
      return keeper.mean(bareModel(), say);
    },
    wait,
  });
  keeper.attach(models);
  const [worker, everyMs, leaseMs] = [crypto.randomUUID(), 5, 100];
  const shared = { keeper, terms, meanings, worker, log: silent, wait, everyMs, leaseMs };
  const watch = watchMeaning({ ...shared, looks: true });
  const manage = { terms, meanings, reader, watch, active: keeper.taxonomy };
  return {
    behaviour,
    encoded,
    keeper,
    models,
    watch,
    taxonomies: createManageTaxonomies({ ...manage, patienceMs: 300 }),
    calibrations: createManageCalibrations({
      ...manage,
      source: { calibration: async () => calibration('own', 'small@1.0.0') },
      modelId: () => keeper.bare()?.card.id ?? null,
    }),
    prepareMeaning: createPrepareMeaning({ terms, meanings, bare: keeper.bare }),
    /** What a call would be answered by. */
    now() {
      const { meaning, model } = models.now();
      return [meaning.taxonomy.version, meaning.calibration?.id ?? null, model.card.fingerprint];
    },
    async stop() {
      await watch.stop();
      models.stop();
      await keeper.close();
    },
  };
}

export type Process = Awaited<ReturnType<typeof startProcess>>;

export const memoryMeanings = () => createMemoryMeanings({ clock: () => new Date().toISOString() });

export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await what()); tries++) {
    if (tries > 2000) throw new Error('it never came to be');
    await moment();
  }
}
