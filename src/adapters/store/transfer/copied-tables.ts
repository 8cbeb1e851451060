/**
 * Every table of hangtag, and whether a copy takes it along: the one place to add a new table to.
 *
 * The type makes a table of `tables.ts` that is missing here a compile error; a test compares the list with what the
 * migrations create. In which order tables are copied follows from their foreign keys, and the columns from the
 * database itself.
 */
import type { Tables } from '../tables.ts';

const storeTables: Readonly<Record<keyof Tables, 'copied' | 'left'>> = {
  products: 'copied',
  tag_history: 'copied',
  images: 'copied',
  image_vectors: 'copied',
  text_vectors: 'copied',
  fetched_images: 'copied',
  product_images: 'copied',
  tombstones: 'copied',
  picture_mentions: 'copied',
  original_removals: 'copied',
  // The originals stay where they are, and keep their owner.
  identity: 'copied',
  answered_calls: 'copied',
  operations: 'copied',
  operation_images: 'copied',
  received_events: 'copied',
  catalog_products: 'copied',
  events: 'copied',
  event_feed: 'copied',
  // Their secrets are sealed: whoever takes over needs the same SECRETS_KEY.
  subscriptions: 'copied',
  deliveries: 'copied',
  imports: 'copied',
  import_items: 'copied',
  taxonomies: 'copied',
  calibrations: 'copied',
  active_meaning: 'copied',
  // Processes that run now.
  workers: 'left',
  // Rewritten by every health check; says nothing about the store's content.
  heartbeat: 'left',
};

const names = Object.keys(storeTables) as (keyof Tables)[];
export const copiedTables: readonly string[] = names.filter((name) => storeTables[name] === 'copied');

/** A new database has rows of its own here, written by its migrations: the source's take their place. */
export const seededTables: readonly string[] = ['identity', 'event_feed', 'active_meaning'];

/** Each end keeps its own: written by its own migrations, or by the copy itself. */
export const leftTables: readonly string[] = [
  ...names.filter((name) => storeTables[name] === 'left'),
  'hangtag_migration',
  'hangtag_migration_lock',
  'store_copy',
];

/** The work queue's schema. Its jobs are accepted work, so they go along: `queue-tables.ts`. */
export const queueSchema = 'pgboss';
