/**
 * What a shop says of a product now, from all its events: for each field the latest statement, by the event's own time. So events may
 * arrive in any order, twice, or folded together, and the outcome is the same.
 */

import type { Warning } from '../tagging/types.ts';
import { attributeId } from '../taxonomy/attribute-words.ts';
import type {
  CatalogEvent,
  CatalogImage,
  CatalogUpsert,
  CatalogWord,
  CatalogWords,
} from './catalog-event.ts';

/** When something was said: the event's own time (RFC 3339, UTC, milliseconds), then the order of arrival. */
export interface Moment {
  readonly at: string;
  readonly sequence: number;
}

export interface Stated<T> {
  readonly value: T;
  readonly moment: Moment;
}

/** Of an attribute, in a variant or (null) in what all variants share. */
export interface StatedWords extends Stated<readonly CatalogWord[] | null> {
  readonly attribute: string;
  readonly variant: string | null;
}

export interface CatalogState {
  readonly title?: Stated<string | null>;
  readonly images?: Stated<readonly CatalogImage[]>;
  readonly category?: Stated<string | null>;
  readonly words: readonly StatedWords[];
  readonly warnings?: Stated<readonly Warning[]>;
  /** The latest upsert, the latest deletion, and the latest that took one back. */
  readonly changed?: Moment;
  readonly deleted?: Moment;
  readonly restored?: Moment;
  /** The latest event that said all there is of attributes. */
  readonly whole?: Moment;
  /** The last arrival of what decides which pictures there are: images, or a deletion. Whose request came later has newer ones. */
  readonly pictured?: number;
  /** The same of the title. */
  readonly titled?: number;
  /** A category was said at some time: only then there is one to be taken back. */
  readonly categorised?: true;
}

export const nothingStated: CatalogState = { words: [] };

export function isLater(a: Moment, b: Moment | undefined): boolean {
  if (!b) return true;
  return a.at > b.at || (a.at === b.at && a.sequence > b.sequence);
}

/** Commutative and idempotent: only moments decide. */
export function withEvent(state: CatalogState, event: CatalogEvent, moment: Moment): CatalogState {
  const pictured = Math.max(state.pictured ?? 0, moment.sequence);
  const titled = Math.max(state.titled ?? 0, moment.sequence);
  if (event.type === 'product.deleted') {
    return compact({ ...state, pictured, titled, deleted: later(moment, state.deleted) });
  }
  const latest = <T>(before: Stated<T> | undefined, value: T | undefined) =>
    value !== undefined && isLater(moment, before?.moment) ? { value, moment } : before;
  return compact({
    title: latest(state.title, event.title),
    images: latest(state.images, event.images),
    category: latest(state.category, event.category),
    // They are of the images.
    warnings: latest(state.warnings, event.images && event.warnings),
    words: withWords(state.words, event, moment),
    changed: later(moment, state.changed),
    deleted: state.deleted,
    restored: event.restores ? later(moment, state.restored) : state.restored,
    whole: event.whole ? later(moment, state.whole) : state.whole,
    pictured: event.images ? pictured : state.pictured,
    titled: event.title === undefined ? state.titled : titled,
    categorised: typeof event.category === 'string' ? true : state.categorised,
  });
}

function later(moment: Moment, before: Moment | undefined): Moment {
  return before && !isLater(moment, before) ? before : moment;
}

/** The deletion that counts: the latest, unless it was taken back since. */
export function lastDeletion({ deleted, restored }: CatalogState): Moment | undefined {
  return deleted && isLater(deleted, restored) ? deleted : undefined;
}

/** Deleted in the shop, and not changed since. */
export function isDeleted(state: CatalogState): boolean {
  const deleted = lastDeletion(state);
  return deleted !== undefined && isLater(deleted, state.changed);
}

/** The place among all inputs up to which nothing brings the product back; 0 where it is not deleted. */
export function deletedAt(state: CatalogState): number {
  return isDeleted(state) ? (state.pictured ?? 0) : 0;
}

/** A deletion was taken back: the product is what it was, and not a new one. */
export function isRestored(state: CatalogState): boolean {
  return state.restored !== undefined && lastDeletion(state) === undefined;
}

/**
 * What counts: without what was said before a deletion (a product made anew under the same id starts anew), and without words that a
 * later event, which said all there is, did not repeat.
 */
export function standing(state: CatalogState): CatalogState {
  const deleted = lastDeletion(state);
  const since = <T>(stated: Stated<T> | undefined) =>
    stated && isLater(stated.moment, deleted) ? stated : undefined;
  const { whole } = state;
  const holds = ({ moment }: StatedWords) =>
    isLater(moment, deleted) && (whole === undefined || !isLater(whole, moment));
  return compact({
    ...state,
    title: since(state.title),
    images: since(state.images),
    category: since(state.category),
    warnings: since(state.warnings),
    words: state.words.filter(holds),
  });
}

/** An admin takes the deletion back, at that moment: what was said before it counts again. */
export function restored(state: CatalogState, moment: Moment): CatalogState {
  return compact({ ...state, restored: later(moment, state.restored) });
}

function withWords(
  before: readonly StatedWords[],
  event: CatalogUpsert,
  moment: Moment,
): readonly StatedWords[] {
  const words = new Map(before.map((one) => [placeOf(one), one]));
  const say = (attributes: CatalogWords, variant: string | null) => {
    for (const [name, value] of Object.entries(attributes)) {
      const one: StatedWords = { attribute: attributeId(name), variant, value, moment };
      const place = placeOf(one);
      if (isLater(moment, words.get(place)?.moment)) words.set(place, one);
    }
  };
  say(event.attributes, null);
  for (const { key, attributes } of event.variants) say(attributes, key);
  // In one order, whatever came first: equal states are equal as JSON.
  return [...words.keys()].sort().map((place) => words.get(place)!);
}

function placeOf({ attribute, variant }: Pick<StatedWords, 'attribute' | 'variant'>): string {
  return JSON.stringify([variant, attribute]);
}

type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

/** In one order of keys, as JSON has it: equal states are equal as JSON. */
function compact(state: Loose<CatalogState>): CatalogState {
  const said = Object.entries(state).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said.sort(([a], [b]) => (a < b ? -1 : 1))) as never;
}
