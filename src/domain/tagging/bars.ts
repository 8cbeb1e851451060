/** What people said, and the values that they barred: no model touches the one or gives the other, in any path. */
import type { Decision, TagSet } from './types.ts';

/** Value ids barred for an attribute, in a variant or (null) in what all variants share. */
export type Barred = (attribute: string, variant: string | null) => readonly string[];

export const nothingBarred: Barred = () => [];

/** What was barred for the whole product holds for each variant too, also for those that came later. */
export function barredIn(current: TagSet | null): Barred {
  if (!current) return nothingBarred;
  return (id, key) => {
    const whole = current.attributes[id]?.rejected ?? [];
    const variant = key === null ? undefined : current.variants.find((one) => one.key === key);
    return [...whole, ...(variant?.attributes[id]?.rejected ?? [])];
  };
}

/** True where a person or the merchant says what a product has, or that it has none of it. */
export function isSaid({ source, status }: Decision): boolean {
  return source !== 'model' && status !== 'abstained';
}

/** True where a run may not simply forget the decision. */
export function isKept(decision: Decision): boolean {
  return isSaid(decision) || decision.rejected.length > 0;
}

/**
 * What stands after a model answered an attribute in which a person barred values: its answer without them; where it
 * has no other, the person's word alone, with the candidates that are left. Whoever looked has reviewed what stands
 * only as long as it stays the same.
 */
export function underBars(fresh: Decision | undefined, before: Decision): Decision {
  const { rejected, reviewed } = before;
  const free = (value: { readonly id: string | null }) => value.id === null || !rejected.includes(value.id);
  const values = fresh?.values.filter(free) ?? [];
  const candidates = fresh?.candidates.filter(free) ?? [];
  if (fresh && values.length > 0) {
    const answer = { ...fresh, values, candidates, rejected };
    return { ...answer, reviewed: sameAnswer(answer, before) ? reviewed : null };
  }
  return {
    threshold: null,
    ...fresh,
    status: 'abstained',
    reason: fresh?.reason ?? 'ambiguous',
    source: 'human',
    values,
    candidates,
    rejected,
    reviewed,
  };
}

function sameAnswer(a: Decision, b: Decision): boolean {
  const ids = ({ values }: Decision) => JSON.stringify(values.map(({ id, name }) => id ?? name));
  return a.status === b.status && ids(a) === ids(b);
}
