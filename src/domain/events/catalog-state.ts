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
  /** The latest upsert and the latest deletion. */
  readonly changed?: Moment;
  readonly deleted?: Moment;
}

export const nothingStated: CatalogState = { words: [] };

export function isLater(a: Moment, b: Moment | undefined): boolean {
  if (!b) return true;
  return a.at > b.at || (a.at === b.at && a.sequence > b.sequence);
}

/** Commutative and idempotent: only moments decide. */
export function withEvent(state: CatalogState, event: CatalogEvent, moment: Moment): CatalogState {
  if (event.type === 'product.deleted') {
    return isLater(moment, state.deleted) ? { ...state, deleted: moment } : state;
  }
  const latest = <T>(before: Stated<T> | undefined, value: T | undefined) =>
    value !== undefined && isLater(moment, before?.moment) ? { value, moment } : before;
  return compact({
    title: latest(state.title, event.title),
    images: latest(state.images, event.images),
    category: latest(state.category, event.category),
    warnings: latest(state.warnings, event.warnings),
    words: withWords(state.words, event, moment),
    changed: isLater(moment, state.changed) ? moment : state.changed,
    deleted: state.deleted,
  });
}

/** Deleted in the shop, and not changed since. */
export function isDeleted({ changed, deleted }: CatalogState): boolean {
  return deleted !== undefined && isLater(deleted, changed);
}

/** Without what was said before a deletion: a product made anew under the same id starts anew. */
export function standing(state: CatalogState): CatalogState {
  const { deleted } = state;
  if (!deleted) return state;
  const since = <T>(stated: Stated<T> | undefined) =>
    stated && isLater(stated.moment, deleted) ? stated : undefined;
  return compact({
    title: since(state.title),
    images: since(state.images),
    category: since(state.category),
    warnings: since(state.warnings),
    words: state.words.filter(({ moment }) => isLater(moment, deleted)),
    changed: state.changed,
    deleted,
  });
}

/** An admin takes the deletion back: what was said before it counts again. */
export function restored({ deleted: _, ...state }: CatalogState): CatalogState {
  return state;
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

function compact(state: Loose<CatalogState>): CatalogState {
  return Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined)) as never;
}
