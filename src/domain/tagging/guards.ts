/** Which pictures may vote on an attribute. A view or presentation that nobody knows never gates. */
import type { Attribute } from '../taxonomy/types.ts';
import type { Decision, ImageEvidence } from './types.ts';

/** What is known of one picture before its attributes are scored. */
export interface Vote {
  readonly image: ImageEvidence;
  /** Its place among the pictures in question. */
  readonly place: number;
  readonly view: string | null;
  readonly presentation: string | null;
}

/** Pictures that show several products, text or a box say nothing about the garment. */
const excludedViews = new Set(['info-graphic', 'group']);
const excludedPresentations = new Set(['packaging']);

const viewWeights: Readonly<Record<string, number>> = { front: 1, side: 0.7, back: 0.7, detail: 0.5 };
const surfaceAttributes = new Set(['texture', 'material', 'surface-finish']);

/** Weight of a picture's vote: details count more for surfaces, less for everything else. */
export function voteWeight(view: string | null, attributeId: string): number {
  if (view === 'detail' && surfaceAttributes.has(attributeId)) return 1.5;
  return view === null ? 1 : (viewWeights[view] ?? 0.7);
}

export type Guard = 'view' | 'presentation' | 'image';

/** The votes that count, or the guard that stopped them all. */
export function admitted(
  attribute: Attribute,
  votes: readonly Vote[],
): { votes: readonly Vote[]; guard: Guard | null } {
  const useful = votes.filter(
    ({ view, presentation }) =>
      !(view && excludedViews.has(view)) && !(presentation && excludedPresentations.has(presentation)),
  );
  if (useful.length === 0) return { votes: [], guard: 'image' };
  const { views, presentations } = attribute;
  const seen = useful.filter(({ view }) => view === null || views === null || views.includes(view));
  if (seen.length === 0) return { votes: [], guard: 'view' };
  const staged = seen.filter(
    ({ presentation: p }) => p === null || presentations === null || presentations.includes(p),
  );
  return staged.length === 0 ? { votes: [], guard: 'presentation' } : { votes: staged, guard: null };
}

/** True where another attribute was decided in a way that makes this one meaningless. */
export function ruledOut(attribute: Attribute, decided: Readonly<Record<string, Decision>>): boolean {
  return attribute.requires.some(({ attribute: id, anyOf }) => {
    const other = decided[id];
    return (
      other?.status === 'accepted' &&
      !other.values.some((value) => value.id !== null && anyOf.includes(value.id))
    );
  });
}
