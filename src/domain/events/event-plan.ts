/**
 * Which pictures a product is decided by. Shops and callers both say which: of the two the later counts, by arrival. Pictures that a shop
 * stated and that stand already are not asked for again unless it states them anew.
 */
import { type Admitted, admit, type InputOrder, type TagInput } from '../tagging/input-order.ts';
import type { TagSet } from '../tagging/types.ts';
import type { CatalogEvent, CatalogImage } from './catalog-event.ts';
import { type CatalogState, standing } from './catalog-state.ts';

export interface EventPlan {
  /** What counts of all that was said. */
  readonly state: CatalogState;
  /** To be fetched; null: those of the TagSet. */
  readonly fetch: readonly CatalogImage[] | null;
  /** The shop's place among all inputs; null where a request has the pictures. */
  readonly input: TagInput | null;
  readonly admitted: Admitted | null;
  /** The place of the request that has the pictures; 0 where the shop has them. */
  readonly requestedAt: number;
}

export function planEvent(
  event: CatalogEvent,
  whole: CatalogState,
  inputs: InputOrder,
  tagSet: TagSet | null,
): EventPlan {
  const state = standing(whole);
  const input = whole.pictured === undefined ? null : { sequence: whole.pictured, attributes: null };
  const admitted = input && admit(inputs, input);
  const requestedAt = Math.max(inputs.full, ...Object.values(inputs.partial));
  if (!input || !admitted) return { state, fetch: null, input: null, admitted: null, requestedAt };
  const states = event.type === 'product.upserted' && event.images !== undefined;
  const there = tagSet !== null && admitted.newest && inputs.full === input.sequence && !states;
  const fetch = there && state.images ? null : (state.images?.value ?? []);
  return { state, fetch, input, admitted, requestedAt: admitted.newest ? 0 : requestedAt };
}
