/** A product's TagSet from what its shop says: the model's answer to its pictures, under the category and with the words of the merchant. */
import { barredIn, isSaid } from '../tagging/bars.ts';
import { decideProduct, type Meaning, type ProductAnswer } from '../tagging/decide-product.ts';
import { merge } from '../tagging/merge.ts';
import type {
  CategoryDecision,
  Decision,
  ImageEvidence,
  ImageReport,
  Provenance,
  TagSet,
  Warning,
} from '../tagging/types.ts';
import { lastDeletion } from './catalog-state.ts';
import type { EventPlan } from './event-plan.ts';
import { saidCategory, withMerchantWords, withoutMerchantWords } from './merchant-words.ts';

export interface CatalogQuestion {
  readonly productId: string;
  readonly plan: EventPlan;
  readonly current: TagSet | null;
  /** null: the pictures that stand cannot be looked at just now; what the model said of them stays. */
  readonly evidence: readonly ImageEvidence[] | null;
  readonly images: readonly ImageReport[];
  readonly provenance: Omit<Provenance, 'notSupported'>;
  /** Beside those of the words. */
  readonly warnings: readonly Warning[];
}

/** Pure. What people said stays, unless the shop deleted the product since, or the merchant said something later. */
export function tagCatalog(meaning: Meaning, question: CatalogQuestion): TagSet {
  const { productId, plan, current, evidence, provenance } = question;
  const { taxonomy } = meaning;
  const { state, admitted } = plan;
  const before = current && withoutMerchantWords(sinceDeletion(current, lastDeletion(state)?.at));
  const category = saidCategory(taxonomy, state, before?.category ?? null);
  const keep = admitted?.keep ?? [];
  const attributes =
    keep.length === 0 ? null : [...taxonomy.attributeById.keys()].filter((id) => !keep.includes(id));
  const fresh = {
    productId,
    title: null,
    images: current && admitted?.newest === false ? current.images : question.images,
    provenance,
    warnings: [],
  };
  const merged =
    evidence === null && before
      ? { ...before, category: category.said ?? before.category }
      : merge(before, {
          ...fresh,
          attributes,
          answer: answer(meaning, evidence ?? [], category.said, attributes, before),
        });
  const spoken = withMerchantWords(taxonomy, merged, state);
  return {
    ...spoken.said,
    title: plan.titles ? (state.title?.value ?? null) : (current?.title ?? null),
    warnings: [
      ...category.warnings,
      ...spoken.warnings,
      ...(admitted?.newest ? (state.warnings?.value ?? []) : []),
      ...question.warnings,
    ],
  };
}

function answer(
  meaning: Meaning,
  images: readonly ImageEvidence[],
  said: CategoryDecision | null,
  attributes: readonly string[] | null,
  before: TagSet | null,
): ProductAnswer {
  if (images.length > 0) {
    return decideProduct(meaning, {
      images,
      category: said,
      attributes,
      explain: false,
      barred: barredIn(before),
    });
  }
  return { category: said ?? unseen, attributes: {}, variants: [], notSupported: [] };
}

/** Nobody looked, because there is nothing to look at. */
const unseen: CategoryDecision = {
  status: 'abstained',
  reason: 'not-visible',
  source: 'model',
  values: [],
  threshold: null,
  candidates: [],
  rejected: [],
  reviewed: null,
};

/** The product without what people said of the one that was deleted. */
function sinceDeletion(tagSet: TagSet, deletedAt: string | undefined): TagSet {
  if (deletedAt === undefined) return tagSet;
  const older = (decision: Pick<Decision, 'source' | 'status' | 'reviewed'>) =>
    isSaid(decision as Decision) && decision.reviewed !== null && decision.reviewed.at <= deletedAt;
  const since = (attributes: Readonly<Record<string, Decision>>) =>
    Object.fromEntries(Object.entries(attributes).filter(([, decision]) => !older(decision)));
  return {
    ...tagSet,
    category: older(tagSet.category) ? unseen : tagSet.category,
    attributes: since(tagSet.attributes),
    variants: tagSet.variants.map((one) => ({ ...one, attributes: since(one.attributes) })),
  };
}
