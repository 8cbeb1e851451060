/** Rows of what comes in from shops and goes out to subscribers, as the queries see them: see `tables.ts`. */
import type { ColumnType, Generated } from 'kysely';

/** Written as JSON text, read back parsed. */
type Json = ColumnType<unknown, string, string>;

interface Events {
  id: string;
  type: string;
  product_id: string | null;
  body: string;
  /** bigint, which the driver reads as text. */
  sequence: Generated<string>;
  created_at: Generated<Date>;
  /** bigint. */
  position: ColumnType<string | null, never, number>;
}

interface EventFeed {
  id: number;
  /** bigints. */
  last: ColumnType<string, number, number>;
  forgotten: ColumnType<string, number, number>;
}

interface Subscriptions {
  id: string;
  url: string;
  events: string[];
  max_per_second: number | null;
  secret: Uint8Array;
  state: Generated<string>;
  reason: string | null;
  since: Generated<Date>;
  created_at: Generated<Date>;
  succeeded_at: Date | null;
  failures: Generated<number>;
  next_at: Generated<Date>;
}

interface Deliveries {
  id: string;
  subscription_id: string;
  event_id: string;
  /** bigint. */
  position: ColumnType<string, number, never>;
  state: Generated<string>;
  tried: Generated<number>;
  attempts: ColumnType<unknown, string | undefined, string>;
  due_at: Generated<Date>;
  ticket: string | null;
  created_at: Generated<Date>;
  begun_at: Generated<Date>;
}

interface ReceivedEvents {
  operation_id: string;
  source: string;
  event_id: string | null;
  body_hash: string | null;
  product_id: string;
  deletes: boolean;
  /** bigint, which the driver reads as text. */
  sequence: ColumnType<string, number, never>;
  received_at: Generated<Date>;
}

interface CatalogProducts {
  product_id: string;
  source: string;
  state: Json;
  version: Generated<number>;
  /** bigint. */
  sequence: ColumnType<string, number, number>;
  updated_at: Generated<Date>;
}

interface Workers {
  id: string;
  beat_at: Generated<Date>;
}

interface Imports {
  id: string;
  state: Generated<string>;
  dry_run: boolean;
  source: Json;
  call_scope: string | null;
  call_key: string | null;
  total: Generated<number>;
  invalid: Generated<number>;
  repeated: Generated<number>;
  images: Generated<number>;
  inferences: Generated<number>;
  seconds: number | null;
  changed: Generated<number>;
  unchanged: Generated<number>;
  failed: Generated<number>;
  tries: Generated<number>;
  lanes: Generated<number>;
  busy_until: Generated<Date>;
  window_at: Date | null;
  window_done: Generated<number>;
  rate: number | null;
  error: ColumnType<unknown, string | null, string | null>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
  started_at: Date | null;
  ended_at: Date | null;
}

interface ImportItems {
  import_id: string;
  line: number;
  product_id: string | null;
  hash: string | null;
  body: string | null;
  /** bigint, which the driver reads as text. */
  sequence: ColumnType<string | null, number | null, never>;
  state: Generated<string>;
  attempts: Generated<number>;
  due_at: Generated<Date>;
  code: string | null;
  detail: string | null;
  problems: ColumnType<unknown, string | null, string | null>;
}

export interface ExchangeTables {
  events: Events;
  event_feed: EventFeed;
  subscriptions: Subscriptions;
  deliveries: Deliveries;
  received_events: ReceivedEvents;
  catalog_products: CatalogProducts;
  workers: Workers;
  imports: Imports;
  import_items: ImportItems;
}
