/** A meaning that can be sent to threads: its functions as tables, its vectors in memory that all of them share. */
import type { BankGroup, VectorBank, VectorRows } from '../../domain/tagging/bank.ts';
import type { Calibration } from '../../domain/tagging/calibration.ts';
import type { Meaning } from '../../domain/tagging/decide-product.ts';
import type { Taxonomy } from '../../domain/taxonomy/types.ts';

export interface MeaningData {
  readonly taxonomy: Taxonomy;
  readonly calibration: Calibration | null;
  readonly bank: Pick<VectorBank, 'model' | 'dim' | 'scale' | 'categories' | 'supported'> & {
    /** By profile, then by attribute. */
    readonly groups: ReadonlyMap<string, ReadonlyMap<string, BankGroup>>;
  };
}

/**
 * Throws `ProfileNotLoaded` where the bank has not all of its vectors, and TypeError where it has none because the model
 * gives probabilities: of those nothing is stored that could be scored again.
 */
export function packMeaning({ taxonomy, bank, calibration }: Meaning): MeaningData {
  const shared = new Map<VectorRows, VectorRows>();
  const share = (rows: VectorRows): VectorRows => {
    if (rows.slots) throw new TypeError('a model that gives probabilities has no vectors to score again');
    const known = shared.get(rows);
    if (known) return known;
    const data = new Float32Array(new SharedArrayBuffer(rows.data.byteLength));
    data.set(rows.data);
    const copy = { ids: rows.ids, data };
    shared.set(rows, copy);
    return copy;
  };
  // Groups that stand for several profiles stay one: whoever gets them makes them ready once.
  const packed = new Map<BankGroup, BankGroup>();
  const pack = (group: BankGroup): BankGroup => {
    const { values, nulls, neutrals } = group;
    const copy = packed.get(group) ?? {
      values: share(values),
      nulls: share(nulls),
      neutrals: share(neutrals),
    };
    packed.set(group, copy);
    return copy;
  };
  const profile = (profileId: string) =>
    new Map(
      taxonomy.attributes.flatMap(({ id }): [string, BankGroup][] => {
        const group = bank.attribute(id, profileId);
        return group ? [[id, pack(group)]] : [];
      }),
    );
  const { model, dim, scale, supported } = bank;
  const groups = new Map([...taxonomy.profiles.keys()].map((id) => [id, profile(id)]));
  return {
    taxonomy,
    calibration,
    bank: { model, dim, scale, supported, categories: pack(bank.categories), groups },
  };
}

export function unpackMeaning({ taxonomy, calibration, bank }: MeaningData): Meaning {
  const { groups, ...rest } = bank;
  return {
    taxonomy,
    calibration,
    bank: {
      ...rest,
      attribute: (attributeId, profileId) => groups.get(profileId)?.get(attributeId),
      // Nobody explains a whole catalog.
      prompts: () => [],
    },
  };
}
