/** A fresh model answer over what stands: what people and merchants said survives, in every path. */
import { isKept, isSaid, underBars } from './bars.ts';
import type { ProductAnswer } from './decide-product.ts';
import type { Decision, ImageReport, Provenance, TagSet, VariantTags, Warning } from './types.ts';

export interface Fresh {
  readonly productId: string;
  readonly title: string | null;
  readonly answer: ProductAnswer;
  /** Attributes that this run was asked to rewrite, or null for all. */
  readonly attributes: readonly string[] | null;
  readonly images: readonly ImageReport[];
  readonly provenance: Omit<Provenance, 'notSupported'>;
  readonly warnings: readonly Warning[];
}

/** The TagSet that should stand after a run. Revision numbers are the store's business and are copied as they are. */
export function merge(current: TagSet | null, fresh: Fresh): TagSet {
  const { answer } = fresh;
  const attributes = mergeAttributes(current?.attributes ?? {}, answer.attributes, fresh, current);
  const before = new Map(current?.variants.map((variant) => [variant.key, variant]));
  const variants = answer.variants.map(
    (variant): VariantTags => ({
      ...variant,
      attributes: mergeAttributes(
        before.get(variant.key)?.attributes ?? {},
        variant.attributes,
        fresh,
        current,
      ),
    }),
  );
  const gone = (current?.variants ?? []).flatMap(({ key, attributes: said }): VariantTags[] => {
    if (variants.some((variant) => variant.key === key)) return [];
    const people = Object.entries(said)
      .filter(([, decision]) => isKept(decision))
      .map(([id, decision]) => [id, isSaid(decision) ? decision : underBars(undefined, decision)] as const);
    // No picture shows this variant any more: only what people said of it stays.
    return people.length > 0 ? [{ key, images: [], attributes: Object.fromEntries(people) }] : [];
  });
  const kept = fresh.attributes === null ? [] : (current?.provenance.notSupported ?? []);
  const notSupported = [...new Set([...kept, ...answer.notSupported])].filter((id) => !attributes[id]);
  return {
    productId: fresh.productId,
    revision: current?.revision ?? 0,
    title: fresh.title ?? current?.title ?? null,
    category: answer.category,
    attributes,
    variants: [...variants, ...gone],
    images: fresh.images,
    provenance: { ...fresh.provenance, notSupported },
    warnings: fresh.warnings,
  };
}

function mergeAttributes(
  before: Readonly<Record<string, Decision>>,
  now: Readonly<Record<string, Decision>>,
  fresh: Fresh,
  current: TagSet | null,
): Record<string, Decision> {
  const merged: Record<string, Decision> = {};
  for (const [id, old] of Object.entries(before)) {
    const untouched = fresh.attributes !== null && !fresh.attributes.includes(id);
    if (isSaid(old)) merged[id] = old;
    else if (untouched) merged[id] = dated(old, fresh.provenance, current?.provenance);
    else if (isKept(old)) merged[id] = underBars(now[id], old);
  }
  for (const [id, decision] of Object.entries(now)) merged[id] ??= decision;
  return merged;
}

/** A decision kept from another model or taxonomy says so itself. */
function dated(old: Decision, now: Fresh['provenance'], before: Provenance | undefined): Decision {
  if (old.provenance || !before) return old;
  const same =
    before.model === now.model && before.taxonomy === now.taxonomy && before.calibration === now.calibration;
  return same ? old : { ...old, provenance: before };
}

/** What a revision is made for: category, statuses, value ids, sources or images changed. Confidences do not count. */
export function changed(before: TagSet | null, after: TagSet): boolean {
  return before === null || fingerprint(before) !== fingerprint(after);
}

function fingerprint(tagSet: TagSet): string {
  const essence = (decision: Decision) => [
    decision.status,
    decision.reason ?? null,
    decision.source,
    decision.values.map((value) => value.id ?? value.name),
    decision.rejected,
  ];
  const all = (attributes: Readonly<Record<string, Decision>>) =>
    Object.keys(attributes)
      .sort()
      .map((id) => [id, essence(attributes[id]!)]);
  return JSON.stringify([
    essence(tagSet.category),
    all(tagSet.attributes),
    tagSet.variants.map((variant) => [variant.key, variant.images, all(variant.attributes)]),
    tagSet.images.map((image) => [image.status, image.sha256 ?? null, image.view, image.variant, image.ref]),
    tagSet.title,
  ]);
}
