/** The web outside: pictures that are fetched from addresses which somebody else chose. */
import type { ImageReference } from '../domain/image-reference.ts';

/** What a server said of the bytes it sent, so that it need not send them again. */
export interface Validators {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

export type Fetched =
  | { readonly changed: true; readonly bytes: Uint8Array; readonly validators: Validators }
  /** As it was when `known` was said. */
  | { readonly changed: false };

/**
 * A picture's bytes, 20 MiB at most. `known`: of the copy that is there already; null asks for the bytes in any case.
 * Refuses with `image.fetch_refused` where it must not be fetched, `image.fetch_failed` where it is not to be had,
 * `image.too_large`, `image.fetch_unavailable` (with `retryAfter`) where another try may succeed, `request.cancelled`.
 */
export type FetchImage = (
  reference: ImageReference,
  known: Validators | null,
  signal: AbortSignal,
) => Promise<Fetched>;

/** A picture as it was fetched last. */
export interface RememberedPicture {
  /** Of its bytes, hex. */
  readonly sha256: string;
  readonly validators: Validators;
}

/** What is remembered of fetched pictures, by the sha256 (hex) of their reference. Refuses with `store.unavailable`. */
export interface RememberedPictures {
  find(keys: readonly string[]): Promise<ReadonlyMap<string, RememberedPicture>>;
  save(pictures: ReadonlyMap<string, RememberedPicture>): Promise<void>;
}
