/** Category first: leaf probabilities are summed to their parents, then we climb until a node passes. */

import type { VectorBank } from '../../../../src/domain/tagging/bank.ts';
import { candidates, rounded, type Scored } from '../../../../src/domain/tagging/decide-values.ts';
import { type Vote, voteWeight } from '../../../../src/domain/tagging/guards.ts';
import type { Thresholds } from '../../../../src/domain/tagging/thresholds.ts';
import type { CategoryDecision, Reason } from '../../../../src/domain/tagging/types.ts';
import type { Category, Taxonomy } from '../../../../src/domain/taxonomy/types.ts';
import { logSoftmax, poolLogRows } from './probability.ts';
import { ranked } from './ranked.ts';
import { pooledLogit, valueLogits } from './similarity.ts';

export interface CategoryScores {
  /** Probability of each node: its own vectors' plus all its descendants'. */
  readonly totals: ReadonlyMap<string, number>;
  /** Nodes that have vectors, best first. */
  readonly own: readonly Scored[];
  /** Probability that the picture shows nothing we sell. */
  readonly none: number;
}

export function scoreCategory(
  taxonomy: Taxonomy,
  votes: readonly Vote[],
  bank: VectorBank,
  thresholds: Thresholds,
): CategoryScores {
  const ids = [...new Set(bank.categories.values.ids)].filter((id) => taxonomy.categoryById.has(id));
  const rows = votes.map(({ image }) => {
    const logits = valueLogits(image.vector, bank.categories.values, bank.scale, ids);
    const none = pooledLogit(image.vector, bank.categories.nulls, bank.scale) ?? Number.NEGATIVE_INFINITY;
    return logSoftmax([...logits, none].map((logit) => logit / thresholds.temperature));
  });
  const weights = votes.map((vote) => voteWeight(vote.view, 'category'));
  const pooled = (rows.length === 1 ? rows[0]! : poolLogRows(rows, weights)).map(Math.exp);
  const totals = new Map<string, number>();
  ids.forEach((id, index) => {
    for (const node of taxonomy.categoryById.get(id)!.path) {
      totals.set(node, (totals.get(node) ?? 0) + pooled[index]!);
    }
  });
  const own = ids.map((id, index) => ({
    id,
    name: taxonomy.categoryById.get(id)!.name,
    confidence: pooled[index]!,
  }));
  return { totals, own: ranked(own), none: pooled[ids.length] ?? 0 };
}

/** The deepest node on the way up from the best one that reaches `accept` and leads every disjoint node by `margin`. */
export function decideCategory(
  taxonomy: Taxonomy,
  scores: CategoryScores,
  thresholds: Thresholds,
  evidence: readonly number[],
): CategoryDecision {
  const base = {
    source: 'model',
    threshold: thresholds.accept,
    evidence,
    rejected: [],
    reviewed: null,
  } as const;
  const best = scores.own[0];
  const abstain = (reason: Reason): CategoryDecision => ({
    status: 'abstained',
    reason,
    ...base,
    values: [],
    candidates: candidates(scores.own),
  });
  if (!best || scores.none >= best.confidence) return abstain('not-visible');
  let ambiguous = false;
  for (let node = taxonomy.categoryById.get(best.id); node; node = parentOf(taxonomy, node)) {
    const total = scores.totals.get(node.id) ?? 0;
    if (total < thresholds.accept) continue;
    if (total - rival(taxonomy, scores, node) < thresholds.margin) {
      ambiguous = true;
      continue;
    }
    const value = { id: node.id, name: node.name, path: node.path, confidence: rounded(Math.min(1, total)) };
    const status = thresholds.status === 'suggest' ? 'suggested' : 'accepted';
    return { status, ...base, values: [value], candidates: [] };
  }
  return abstain(ambiguous ? 'ambiguous' : 'below-threshold');
}

function parentOf(taxonomy: Taxonomy, node: Category): Category | undefined {
  return node.parent === null ? undefined : taxonomy.categoryById.get(node.parent);
}

/** The strongest competitor: a sibling of the node or of one of its ancestors, an undecided parent's own mass, or none. */
function rival(taxonomy: Taxonomy, scores: CategoryScores, node: Category): number {
  let strongest = scores.none;
  for (const [id, total] of scores.totals) {
    const other = taxonomy.categoryById.get(id)!;
    if (!node.path.includes(id) && !other.path.includes(node.id)) strongest = Math.max(strongest, total);
  }
  return strongest;
}
