/** Rows, as the queries see them. The migrations own the SQL side; `rows.ts` turns rows into the domain's shapes. */
import type { ColumnType, Generated } from 'kysely';

/** Written as JSON text, read back parsed. The columns are `json`, see the first migration. */
type Json = ColumnType<unknown, string, string>;

interface Products {
  product_id: string;
  revision: number;
  tag_set: Json;
  category_id: string | null;
  accepted: string[];
  updated_at: Generated<Date>;
  pending: boolean;
  uncertainty: number;
  failed: boolean;
  withdrawn_at: Date | null;
  inputs: ColumnType<unknown, string | undefined, string>;
}

interface TagHistory {
  product_id: string;
  revision: number;
  tag_set: Json;
  cause: string;
  at: Generated<Date>;
}

interface Images {
  sha256: string;
  width: number;
  height: number;
  format: string;
  size: number;
  colors: Json;
}

interface ImageVectors {
  sha256: string;
  model: string;
  vector: Uint8Array;
}

interface ProductImages {
  product_id: string;
  position: number;
  sha256: string;
}

interface PictureMentions {
  product_id: string;
  sha256: string;
}

interface OriginalRemovals {
  sha256: string;
  ticket: string | null;
  lease_until: Date | null;
  removed_at: Date | null;
  marked_at: Generated<Date>;
}

interface Identity {
  id: number;
  token: string;
}

interface Tombstones {
  id_hash: string;
  revision: number;
  /** bigint, which the driver reads as text. */
  sequence: ColumnType<string, number | bigint | undefined, number | bigint>;
  deleted_at: Generated<Date>;
}

interface AnsweredCalls {
  scope: string;
  key: string;
  content: string;
  product_id: string;
  tag_set: ColumnType<unknown, string | null, string | null>;
  operation_id: string | null;
  at: Generated<Date>;
}

interface Operations {
  id: string;
  source: Generated<string>;
  product_id: string;
  sequence: ColumnType<string, number, never>;
  request: ColumnType<unknown, string | null, string | null>;
  state: Generated<string>;
  revision: number | null;
  error: ColumnType<unknown, string | null, string | null>;
  attempts: Generated<number>;
  worker: string | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

interface Workers {
  id: string;
  beat_at: Generated<Date>;
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

interface OperationImages {
  operation_id: string;
  position: number;
  part: number;
  bytes: Uint8Array;
}

interface TextVectors {
  model: string;
  hash: string;
  vector: Uint8Array;
}

interface FetchedImages {
  reference: string;
  sha256: string;
  etag: string | null;
  last_modified: string | null;
  fetched_at: Generated<Date>;
}

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

interface Heartbeat {
  id: number;
  at: Date;
}

export interface Tables {
  products: Products;
  tag_history: TagHistory;
  images: Images;
  image_vectors: ImageVectors;
  product_images: ProductImages;
  picture_mentions: PictureMentions;
  original_removals: OriginalRemovals;
  identity: Identity;
  tombstones: Tombstones;
  answered_calls: AnsweredCalls;
  operations: Operations;
  operation_images: OperationImages;
  workers: Workers;
  received_events: ReceivedEvents;
  catalog_products: CatalogProducts;
  text_vectors: TextVectors;
  fetched_images: FetchedImages;
  events: Events;
  event_feed: EventFeed;
  subscriptions: Subscriptions;
  deliveries: Deliveries;
  imports: Imports;
  import_items: ImportItems;
  heartbeat: Heartbeat;
}
