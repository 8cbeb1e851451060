/**
 * What a shop says of a product, whatever shop it is: the one shape that every source is mapped to. Pure data, so that it can be
 * kept as JSON.
 */
import type { ImageReference } from '../image-reference.ts';
import type { Warning } from '../tagging/types.ts';

/** Where an event comes from. */
export type EventSource = 'catalog' | 'shopify' | 'woocommerce' | 'import';

export interface CatalogImage {
  readonly reference: ImageReference;
  /** front, back, side, detail, other; null where nobody says. */
  readonly view: string | null;
  /** Key of the variant that it shows. */
  readonly variant: string | null;
  /** The sender's name for it. */
  readonly ref: string | null;
}

/** One value as the merchant wrote it. `verbatim`: its own wording is shown, even where the taxonomy knows a word for it. */
export interface CatalogWord {
  readonly label: string;
  readonly verbatim: boolean;
}

/** Attribute (as the sender names it) -> its values; null: the merchant takes back what was said. Absent: as it is. */
export type CatalogWords = Readonly<Record<string, readonly CatalogWord[] | null>>;

/** A product made or changed. What is absent leaves things as they are. */
export interface CatalogUpsert {
  readonly type: 'product.upserted';
  /** 1 to 256 characters. */
  readonly productId: string;
  /** When it became so in the shop, RFC 3339 in UTC; null where the sender says nothing: then its arrival counts. */
  readonly at: string | null;
  readonly title?: string | null;
  /** `[]` removes them all. */
  readonly images?: readonly CatalogImage[];
  /** As the sender writes it: an id, a name, a path, a Shopify GID; null takes it back. */
  readonly category?: string | null;
  /** For the product as a whole. */
  readonly attributes: CatalogWords;
  /** For single variants; those that are not named are left as they are. */
  readonly variants: readonly { readonly key: string; readonly attributes: CatalogWords }[];
  /** Of the images, such as `images.skipped`; shown with the product's tags. */
  readonly warnings: readonly Warning[];
  /** It says all there is of attributes: words that it does not repeat are taken back. */
  readonly whole?: true;
  /** The shop takes its deletion back: what was said before it counts again. */
  readonly restores?: true;
}

export interface CatalogDeletion {
  readonly type: 'product.deleted';
  readonly productId: string;
  readonly at: string | null;
}

export type CatalogEvent = CatalogUpsert | CatalogDeletion;
