/**
 * What became different between two TagSets of one product, decision by decision: for those who are told of it, and for those who
 * look before they apply. Confidences, reasons, candidates and bars are no difference; pictures and the title are none either,
 * so a new revision may come without any.
 */
import type { Decision, TagSet } from '../tagging/types.ts';

/** A decision, as far as it is compared. */
export interface Standing {
  readonly status: Decision['status'];
  readonly source: Decision['source'];
  /** Ids, in order; the name of one that the taxonomy does not know. */
  readonly values: readonly string[];
}

export interface TagChange {
  /** `category` for the category. */
  readonly attribute: string;
  /** Null for what all variants share. */
  readonly variant: string | null;
  /** Null where there was nothing. */
  readonly before: Standing | null;
  /** Null where there is nothing any more. */
  readonly after: Standing | null;
}

/**
 * In one order, whatever the TagSets' own: the category, the shared attributes by id, then each variant's by key and id. The other
 * way round it gives the same changes with `before` and `after` exchanged. Null: no TagSet there.
 */
export function tagChanges(before: TagSet | null, after: TagSet | null): readonly TagChange[] {
  const [old, fresh] = [standings(before), standings(after)];
  const places = new Map([...old, ...fresh].map(([key, { place }]) => [key, place]));
  return [...places.keys()].sort(byPlace).flatMap((key): TagChange[] => {
    const [was, is] = [old.get(key)?.standing ?? null, fresh.get(key)?.standing ?? null];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    return [{ ...places.get(key)!, before: was, after: is }];
  });
}

interface Placed {
  readonly place: Pick<TagChange, 'attribute' | 'variant'>;
  readonly standing: Standing;
}

/** By a key that sorts: what is shared before the variants, the category before everything. */
function standings(tagSet: TagSet | null): ReadonlyMap<string, Placed> {
  if (!tagSet) return new Map();
  const { category, attributes, variants } = tagSet;
  const of = (variant: string | null, decisions: Readonly<Record<string, Decision>>) =>
    Object.entries(decisions).map(([attribute, decision]): [string, Placed] => [
      JSON.stringify([variant ?? '', variant === null ? 1 : 2, attribute]),
      { place: { attribute, variant }, standing: standing(decision) },
    ]);
  const first: [string, Placed] = [
    JSON.stringify(['', 0, 'category']),
    { place: { attribute: 'category', variant: null }, standing: standing(category) },
  ];
  return new Map([first, ...of(null, attributes), ...variants.flatMap((one) => of(one.key, one.attributes))]);
}

function standing({ status, source, values }: Decision): Standing {
  return { status, source, values: values.map(({ id, name }) => id ?? name) };
}

/** Keys compared by their parts, so that no character of a variant's key moves it. */
function byPlace(a: string, b: string): number {
  const [left, right] = [JSON.parse(a) as (string | number)[], JSON.parse(b) as (string | number)[]];
  for (const [index, one] of left.entries()) {
    const other = right[index]!;
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}
