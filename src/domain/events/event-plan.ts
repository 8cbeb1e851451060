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
  /** The shop's place among all inputs; it decides nothing where a request has the pictures. */
  readonly input: TagInput;
  readonly admitted: Admitted | null;
  /** Whether the title is the shop's to say. */
  readonly titles: boolean;
  /** The pictures and the title are in the product's order of inputs already. */
  readonly ordered: boolean;
}

export function planEvent(
  event: CatalogEvent,
  whole: CatalogState,
  inputs: InputOrder,
  tagSet: TagSet | null,
): EventPlan {
  const state = standing(whole);
  const { pictured, titled } = whole;
  const titles = titled !== undefined && titled >= (inputs.titled ?? 0);
  const ordered = (inputs.titled ?? 0) >= (titled ?? 0);
  const title = titled === undefined ? {} : { titled };
  const all = { sequence: pictured ?? 0, attributes: null, ...title };
  const admitted = pictured === undefined ? null : admit(inputs, all);
  if (!admitted) return { state, fetch: null, input: { ...all, attributes: [] }, admitted, titles, ordered };
  const states = event.type === 'product.upserted' && event.images !== undefined;
  const there = tagSet !== null && admitted.newest && inputs.full === pictured && !states;
  const fetch = there && state.images ? null : (state.images?.value ?? []);
  return { state, fetch, input: all, admitted, titles, ordered: ordered && fetch === null };
}
