/** Category first: leaf probabilities are summed to their parents, then we climb until a node passes. */
import type { Category, Taxonomy } from '../taxonomy/types.ts';
import type { BankGroup } from './bank.ts';
import { type Classes, classesOf, compete } from './classes.ts';
import { candidates, maxCandidates, rounded, type Scored } from './decide-values.ts';
import { type Vote, voteWeight } from './guards.ts';
import type { PictureLogits } from './picture-logits.ts';
import { best, type TieOrder, tieOrder } from './ranking.ts';
import type { Thresholds } from './thresholds.ts';
import type { CategoryDecision, Reason } from './types.ts';

/** Nodes that have vectors, the tree above them, and how they are scored, as far as no picture changes it. */
export interface CategoryScoring {
  readonly taxonomy: Taxonomy;
  /** Those that have vectors. */
  readonly own: readonly Category[];
  readonly classes: Classes;
  readonly ties: TieOrder;
  /** Those, and all that stand above one. */
  readonly nodes: readonly Category[];
  /** Of each node that has vectors: itself and what stands above it, among `nodes`. */
  readonly above: readonly Int32Array[];
  /** Of each of `nodes`: the nodes that are neither above nor below it. */
  readonly apart: ReadonlyMap<string, Int32Array>;
  readonly thresholds: Thresholds;
}

export interface CategoryScores {
  /** Probability of each of `nodes`: its own vectors' plus all its descendants'. */
  readonly totals: Float64Array;
  /** Nodes that have vectors, best first: as many as can be told of. */
  readonly own: readonly Scored[];
  /** Probability that the picture shows nothing we sell. */
  readonly none: number;
}

export function categoryScoring(
  taxonomy: Taxonomy,
  group: BankGroup,
  logits: PictureLogits,
  thresholds: Thresholds,
): CategoryScoring {
  const own = [...new Set(group.values.ids)].flatMap((id) => taxonomy.categoryById.get(id) ?? []);
  const ids = own.map(({ id }) => id);
  const nodes = [...new Set(own.flatMap(({ path }) => path))].map((id) => taxonomy.categoryById.get(id)!);
  const place = new Map(nodes.map(({ id }, index) => [id, index]));
  const isApart = (a: Category, b: Category) => !a.path.includes(b.id) && !b.path.includes(a.id);
  const apart = nodes.map((node) => {
    const others = nodes.flatMap((other, index) => (isApart(node, other) ? [index] : []));
    return [node.id, Int32Array.from(others)] as const;
  });
  return {
    taxonomy,
    own,
    classes: classesOf(logits, group, ids),
    ties: tieOrder(ids),
    nodes,
    above: own.map(({ path }) => Int32Array.from(path, (id) => place.get(id)!)),
    apart: new Map(apart),
    thresholds,
  };
}

export function scoreCategory(scoring: CategoryScoring, votes: readonly Vote[]): CategoryScores {
  const { own, classes, ties, nodes, above, thresholds } = scoring;
  const pictures = votes.map(({ place }) => place);
  const weights = votes.map(({ view }) => voteWeight(view, 'category'));
  const { confidence, none } = compete(classes, pictures, weights, thresholds.temperature);
  const totals = new Float64Array(nodes.length);
  for (let index = 0; index < above.length; index++) {
    const path = above[index]!;
    for (let step = 0; step < path.length; step++) totals[path[step]!]! += confidence[index]!;
  }
  const told = best(confidence, ties, maxCandidates).map((index) => ({
    id: own[index]!.id,
    name: own[index]!.name,
    confidence: confidence[index]!,
  }));
  return { totals, own: told, none };
}

/** The deepest node on the way up from the best one that reaches `accept` and leads every disjoint node by `margin`. */
export function decideCategory(
  scoring: CategoryScoring,
  scores: CategoryScores,
  evidence: readonly number[],
): CategoryDecision {
  const { taxonomy, thresholds } = scoring;
  const base = {
    source: 'model',
    threshold: thresholds.accept,
    evidence,
    rejected: [],
    reviewed: null,
  } as const;
  const leader = scores.own[0];
  const abstain = (reason: Reason): CategoryDecision => ({
    status: 'abstained',
    reason,
    ...base,
    values: [],
    candidates: candidates(scores.own),
  });
  if (!leader || scores.none >= leader.confidence) return abstain('not-visible');
  let ambiguous = false;
  for (let node = taxonomy.categoryById.get(leader.id); node; node = parentOf(taxonomy, node)) {
    const total = scores.totals[scoring.nodes.indexOf(node)] ?? 0;
    if (total < thresholds.accept) continue;
    if (total - rival(scoring, scores, node) < thresholds.margin) {
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
function rival({ apart }: CategoryScoring, { totals, none }: CategoryScores, node: Category): number {
  const others = apart.get(node.id)!;
  let strongest = none;
  for (let at = 0; at < others.length; at++) strongest = Math.max(strongest, totals[others[at]!]!);
  return strongest;
}
