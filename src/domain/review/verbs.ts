/** The verbs of a review, one decision each: what stands afterwards, or the reason why it cannot be said. */
import { isSaid, underBars } from '../tagging/bars.ts';
import type { DecidedValue, Decision } from '../tagging/types.ts';
import { sameToday } from '../taxonomy/replaced.ts';
import type { Attribute, AttributeValue } from '../taxonomy/types.ts';

/** Who reviewed, and when (RFC 3339, UTC). */
export interface Stamp {
  readonly by: string | null;
  readonly at: string;
}

/** A decision, or a sentence for the caller. */
export type Outcome = Decision | string;

export function setValues(
  before: Decision | undefined,
  values: readonly AttributeValue[],
  stamp: Stamp,
): Outcome {
  return barred(before, values) ?? said('accepted', before, values.map(named), stamp);
}

export function clearValues(before: Decision | undefined, stamp: Stamp): Outcome {
  return said('cleared', before, [], stamp);
}

/**
 * Without values: what is accepted is right. With values: exactly these, each of which the model had named; of what is
 * not accepted yet they must be named, so that nobody accepts what he has not seen.
 */
export function acceptValues(
  before: Decision | undefined,
  attribute: Attribute,
  values: readonly AttributeValue[],
  stamp: Stamp,
): Outcome {
  if (!before) return 'There is no decision to accept; use set.';
  if (values.length === 0) {
    if (before.status === 'accepted') return said('accepted', before, before.values, stamp);
    if (before.status === 'suggested') return 'It is suggested; name the value: <attribute>/<value>.';
    return before.status === 'cleared'
      ? 'It is cleared; there is no value to accept.'
      : 'It has no value; name one of its candidates: <attribute>/<value>.';
  }
  const refusal = barred(before, values);
  if (refusal) return refusal;
  const offered = new Map<string | null, DecidedValue>([
    ...before.candidates.map((one) => [one.id, one] as const),
    ...before.values.map((one) => [one.id, one] as const),
  ]);
  // What was offered under a name of before is what stands for it now.
  const meant = values.map((value) => {
    const id = sameToday(attribute, value.id).find((one) => offered.has(one));
    return id === value.id ? offered.get(id) : id === undefined ? undefined : named(value);
  });
  const unknown = values.find((_, index) => meant[index] === undefined);
  if (unknown) return `${JSON.stringify(unknown.id)} is neither its value nor a candidate; use set.`;
  return said(
    'accepted',
    before,
    meant.flatMap((value) => value ?? []),
    stamp,
  );
}

/**
 * Bars the values until a reset, and takes them away. What is left stays whose it was; of what a model said it is the
 * model's still. Where nothing is left, the person's word alone stands: not these.
 */
export function rejectValues(
  before: Decision | undefined,
  values: readonly AttributeValue[],
  stamp: Stamp,
): Decision {
  const rejected = [...new Set([...(before?.rejected ?? []), ...values.map(({ id }) => id)])];
  const word = { ...(before ?? said('abstained', before, [], stamp)), rejected, reviewed: stamp };
  if (!before || !isSaid(before)) return { ...underBars(before, word), reviewed: stamp };
  const left = before.values.filter(({ id }) => id === null || !rejected.includes(id));
  if (left.length === 0 && before.status !== 'cleared') return underBars(undefined, word);
  return { ...said(before.status, before, left, stamp), rejected };
}

function barred(before: Decision | undefined, values: readonly AttributeValue[]): string | null {
  const value = values.find(({ id }) => before?.rejected.includes(id));
  return value ? `${JSON.stringify(value.id)} was rejected; reset the attribute first.` : null;
}

function said(
  status: Decision['status'],
  before: Decision | undefined,
  values: readonly DecidedValue[],
  { by, at }: Stamp,
): Decision {
  return {
    status,
    source: 'human',
    values: values.map((value) => ({ ...value, confidence: null })),
    threshold: null,
    candidates: [],
    rejected: before?.rejected ?? [],
    reviewed: { by, at },
  };
}

function named({ id, name }: AttributeValue): DecidedValue {
  return { id, name, confidence: null };
}
