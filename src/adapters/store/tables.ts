/** Rows, as the queries see them. The migrations own the SQL side; `rows.ts` turns rows into the domain's shapes. */
import type { ColumnType, Generated } from 'kysely';
import type { ExchangeTables } from './tables-exchange.ts';

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
  created_at: Generated<Date>;
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

interface Taxonomies {
  version: string;
  id: string;
  content_hash: string;
  files: Json;
  created_at: Generated<Date>;
  activated_at: Date | null;
}

interface Calibrations {
  id: string;
  model: string;
  taxonomy: string;
  content_hash: string;
  content: Json;
  chosen: Generated<boolean>;
  created_at: Generated<Date>;
  activated_at: Date | null;
}

interface ActiveMeaning {
  id: number;
  /** bigint. */
  generation: ColumnType<string, number | undefined, number>;
  taxonomy: string | null;
  switched_at: Date | null;
  ticket: string | null;
  wanted: string | null;
  worker: string | null;
  lease_until: Date | null;
  progress: ColumnType<unknown, string | null, string | null>;
  failure: ColumnType<unknown, string | null, string | null>;
}

interface Heartbeat {
  id: number;
  at: Date;
}

export interface Tables extends ExchangeTables {
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
  text_vectors: TextVectors;
  fetched_images: FetchedImages;
  taxonomies: Taxonomies;
  calibrations: Calibrations;
  active_meaning: ActiveMeaning;
  heartbeat: Heartbeat;
}
