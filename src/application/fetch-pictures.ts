/**
 * Pictures that a request only names become bytes. One whose server says that it is as it was, and which this model knows, is not sent
 * again: its name and what the server said of it are remembered, by hash, because addresses may hold secrets.
 */

import { HangtagError } from '../domain/errors.ts';
import { type ImageReference, isReference } from '../domain/image-reference.ts';
import type { ContentHash, Store } from './ports.ts';
import type { FetchImage, RememberedPicture, RememberedPictures, Validators } from './ports-web.ts';
import type { ImageInput } from './ports-work.ts';

/** A picture that the store knows, unchanged since: nothing of it was sent. */
export interface SeenPicture {
  readonly sha256: string;
}

export type Picture = Uint8Array | HangtagError | SeenPicture;

export interface FetchedPictures {
  /** In the order of the request. */
  readonly pictures: readonly Picture[];
  /** Call once what was fetched is stored, with its hashes by place (null: could not be used). */
  remember(sha256s: readonly (string | null)[]): Promise<void>;
}

export interface FetchPicturesNeeds {
  readonly fetchImage: FetchImage;
  readonly remembered: RememberedPictures;
  readonly store: Pick<Store, 'findImages'>;
  readonly hash: ContentHash;
}

export interface FetchingHow {
  /** The key of the model that must know a picture for it not to be fetched again. */
  readonly model: string;
  /** true: a fault that may pass is thrown, for the whole to be tried again; false: it is that picture's fault alone. */
  readonly patient: boolean;
}

export type FetchPictures = (
  contents: readonly ImageInput['content'][],
  how: FetchingHow,
  signal: AbortSignal,
) => Promise<FetchedPictures>;

/** What is remembered of a picture stands under this. */
export function referenceKey(hash: ContentHash, reference: ImageReference): string {
  return hash(new TextEncoder().encode(JSON.stringify(reference)));
}

export function createFetchPictures(needs: FetchPicturesNeeds): FetchPictures {
  const { fetchImage, remembered, store, hash } = needs;

  return async (contents, { model, patient }, signal) => {
    const keys = contents.map((content) => (isReference(content) ? referenceKey(hash, content) : null));
    const named = [...new Set(keys.filter((key) => key !== null))];
    if (named.length === 0) return { pictures: contents as readonly Picture[], remember: async () => {} };
    const before = await remembered.find(named);
    const images = await store.findImages(
      [...before.values()].map(({ sha256 }) => sha256),
      model,
    );
    const validators = new Map<string, Validators>();

    async function fetched(reference: ImageReference, key: string): Promise<Picture> {
      const last = before.get(key);
      const known = last && images.has(last.sha256) ? last : null;
      try {
        const answer = await fetchImage(reference, known?.validators ?? null, signal);
        if (answer.changed) {
          validators.set(key, answer.validators);
          return answer.bytes;
        }
        if (known) return { sha256: known.sha256 };
        throw new HangtagError('image.fetch_failed', 'The server of the image sent nothing.');
      } catch (error) {
        return faultOf(error, patient);
      }
    }
    // The same name twice is fetched once.
    const under = new Map<string, Promise<Picture>>();
    const pictures = await all(
      contents.map((content, index) => {
        if (!isReference(content)) return Promise.resolve(content);
        const key = keys[index]!;
        const running = under.get(key) ?? fetched(content, key);
        under.set(key, running);
        return running;
      }),
    );
    return {
      pictures,
      async remember(sha256s) {
        const fresh = new Map<string, RememberedPicture>();
        for (const [index, sha256] of sha256s.entries()) {
          const key = keys[index] ?? null;
          const said = key === null ? undefined : validators.get(key);
          if (key !== null && said && sha256 !== null && (said.etag ?? said.lastModified) !== null)
            fresh.set(key, { sha256, validators: said });
        }
        if (fresh.size > 0) await remembered.save(fresh);
      },
    };
  };
}

/** The picture's own fault, or thrown: what the caller did to the whole, and what another try of the whole may mend. */
function faultOf(error: unknown, patient: boolean): HangtagError {
  if (!(error instanceof HangtagError)) throw error;
  if (error.code === 'image.fetch_unavailable' && !patient)
    return new HangtagError('image.fetch_failed', error.message, { cause: error });
  if (error.kind.fault === 'caller' && error.code !== 'request.cancelled') return error;
  throw error;
}

/** Rejects only once nothing is under way any more. */
async function all<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
