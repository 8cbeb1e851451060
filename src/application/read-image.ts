/**
 * One picture's bytes to what is known of it: from the store where it was seen before, else decoded, measured and
 * embedded. The same picture twice at the same time is worked once.
 */
import { measureColors } from '../domain/color/measure.ts';
import { HangtagError } from '../domain/errors.ts';
import type { Picture, SeenPicture } from './fetch-pictures.ts';
import type { ContentHash, ImageModel, ImageReader, MeasureColors, Store, StoredImage } from './ports.ts';

export type KnownImage = StoredImage & { readonly vector: Float32Array; readonly fresh: boolean };

export interface ReadImageNeeds {
  readonly reader: ImageReader;
  readonly model: ImageModel;
  readonly store: Store;
  readonly hash: ContentHash;
  /** The domain's own unless told. */
  readonly colors?: MeasureColors;
}

/** The key that vectors are stored under: weights and preprocessing in one fingerprint. */
export function modelKey({ card }: Pick<ImageModel, 'card'>): string {
  return `${card.id}@${card.fingerprint}`;
}

export type ReadImages = (
  contents: readonly Picture[],
  signal: AbortSignal,
) => Promise<readonly (KnownImage | HangtagError)[]>;

/**
 * Gives, per picture and in order, what is known of it or the caller's fault with it. A fault that is not the
 * caller's (overload, model, store) is thrown, because the request as a whole can be tried again.
 */
export function createReadImages({
  reader,
  model,
  store,
  hash,
  colors = measureColors,
}: ReadImageNeeds): ReadImages {
  const inFlight = new Map<string, Promise<KnownImage>>();

  function work(sha256: string, bytes: Uint8Array): Promise<KnownImage> {
    const running = inFlight.get(sha256);
    if (running) return running;
    // No caller's signal in here: others may be waiting for the same picture. Queues and deadlines bound the work.
    const started = (async () => {
      const { facts, input, thumbnail, alpha } = await reader.prepare(bytes, model.card.input);
      const vector = await model.embed(input);
      return { facts, colors: colors(thumbnail, alpha), vector, fresh: true };
    })().finally(() => inFlight.delete(sha256));
    inFlight.set(sha256, started);
    return started;
  }

  return async (contents, signal) => {
    const hashes = contents.map((content) => {
      if (content instanceof HangtagError) return null;
      return isSeen(content) ? content.sha256 : hash(content);
    });
    const distinct = [...new Set(hashes.filter((sha256) => sha256 !== null))];
    const known = await store.findImages(distinct, modelKey(model));
    const results = contents.map(async (content, index): Promise<KnownImage | HangtagError> => {
      if (content instanceof HangtagError) return content;
      const sha256 = hashes[index]!;
      const stored = known.get(sha256);
      if (stored) return { ...stored, fresh: false };
      if (isSeen(content)) throw forgotten();
      try {
        return await work(sha256, content);
      } catch (error) {
        if (error instanceof HangtagError && error.kind.fault === 'caller') return error;
        throw error;
      }
    });
    return leaveEarly(Promise.all(results), signal);
  };
}

function isSeen(content: Uint8Array | SeenPicture): content is SeenPicture {
  return !(content instanceof Uint8Array);
}

/** Known when it was asked for, and gone since: the next try fetches it. */
function forgotten(): HangtagError {
  const detail = 'A picture was removed while it was being used, because another product was deleted.';
  return new HangtagError('store.unavailable', detail, { retryAfter: 1 });
}

/** The promise, or the signal's abort, whichever comes first. */
function leaveEarly<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () =>
      reject(signal.reason instanceof HangtagError ? signal.reason : cancelled(signal.reason));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

function cancelled(cause: unknown): HangtagError {
  return new HangtagError('request.cancelled', 'The request was given up before it was answered.', { cause });
}
