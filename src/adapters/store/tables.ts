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
  deleted_at: Generated<Date>;
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
  heartbeat: Heartbeat;
}
