/** What led to a decision, for `explain=true`: scores with their captions, thresholds, and the guard that fired. */
import type { Attribute } from '../taxonomy/types.ts';
import type { VectorBank } from './bank.ts';
import type { CategoryScores } from './decide-category.ts';
import { candidates, maxCandidates, rounded, type Scored, type Scores } from './decide-values.ts';
import type { Thresholds } from './thresholds.ts';
import type { CategoryDecision, Decision, Explanation, TagSet } from './types.ts';

function explanation(
  mode: string,
  values: readonly Scored[],
  none: number,
  thresholds: Thresholds,
  guard: string | null,
  prompts: (id: string) => readonly string[],
): Explanation {
  const { accept, margin, temperature } = thresholds;
  const scores = values
    .slice(0, maxCandidates)
    .map(({ id, confidence }) => ({ id, confidence: rounded(confidence), prompts: prompts(id) }));
  return { mode, accept, margin, temperature, guard, scores, none: rounded(none) };
}

export function explainCategory(
  decision: CategoryDecision,
  scores: Pick<CategoryScores, 'own' | 'none'>,
  thresholds: Thresholds,
  bank: VectorBank,
): CategoryDecision {
  const prompts = (id: string) => bank.prompts(null, id, '');
  return {
    ...decision,
    candidates: candidates(scores.own),
    explain: explanation('category', scores.own, scores.none, thresholds, null, prompts),
  };
}

export function explainDecision(
  decision: Decision,
  attribute: Attribute,
  scores: Scores,
  thresholds: Thresholds,
  guard: string | null,
  bank: VectorBank,
  profileId: string,
): Decision {
  const prompts = (id: string) => bank.prompts(attribute.id, id, profileId);
  return {
    ...decision,
    candidates: candidates(scores.values),
    explain: explanation(attribute.scoring, scores.values, scores.none, thresholds, guard, prompts),
  };
}

/** The TagSet less what only `explain=true` adds: explanations, and candidates of what was decided. */
export function withoutExplanations(tagSet: TagSet): TagSet {
  const all = (attributes: Readonly<Record<string, Decision>>) =>
    Object.fromEntries(Object.entries(attributes).map(([id, decision]) => [id, plain(decision)]));
  return {
    ...tagSet,
    category: plain(tagSet.category),
    attributes: all(tagSet.attributes),
    variants: tagSet.variants.map((variant) => ({ ...variant, attributes: all(variant.attributes) })),
  };
}

function plain<D extends Decision>(decision: D): D {
  if (!decision.explain) return decision;
  const { explain: _, ...rest } = decision;
  return { ...rest, candidates: decision.status === 'abstained' ? decision.candidates : [] } as unknown as D;
}
