/** Lines on their way into the store: read, counted, and made durable some hundred at a time, before more of the body is taken. */
import type { Problem } from '../domain/errors.ts';
import type { CatalogEvent } from '../domain/events/catalog-event.ts';
import type { ImageReference } from '../domain/image-reference.ts';
import { readImportLine } from '../domain/imports/line.ts';
import { referenceKey } from './fetch-pictures.ts';
import type { ContentHash } from './ports.ts';
import type { Imports, ReceivedLine } from './ports-imports.ts';
import type { RememberedPictures } from './ports-web.ts';
import { type BodyLine, importLimits, type LineLimits, splitLines } from './split-lines.ts';

export interface ReceiveImportNeeds {
  readonly imports: Pick<Imports, 'append'>;
  readonly remembered: Pick<RememberedPictures, 'find'>;
  readonly hash: ContentHash;
  readonly limits?: LineLimits;
}

/** Resolves with the number of lines once all of them are durable. Rejects with what the body or the store rejects with. */
export type ReceiveImport = (id: string, body: AsyncIterable<Uint8Array>) => Promise<number>;

/** Lines, and characters of them, in one transaction. */
const batch = { lines: 500, characters: 2 ** 20 };
/** Milliseconds after which fewer lines are written too: it shows that somebody is still there. */
const longestHeldMs = 10_000;
/** Distinct pictures that are told apart in one import; beyond these, one that is named twice counts twice. */
const mostToldApart = 200_000;

export function createReceiveImport(needs: ReceiveImportNeeds): ReceiveImport {
  const { imports, remembered, hash, limits = importLimits } = needs;
  const encoder = new TextEncoder();

  return async (id, body) => {
    const seen = new Set<number>();
    let count = 0;
    let held: ReceivedLine[] = [];
    let images: ImageReference[] = [];
    let characters = 0;
    let written = performance.now();

    async function write(): Promise<void> {
      const fresh = new Map<string, ImageReference>();
      for (const reference of images) {
        const key = referenceKey(hash, reference);
        if (!seen.has(shortened(key))) fresh.set(key, reference);
      }
      const known = await remembered.find([...fresh.keys()]);
      const inferences = [...fresh.keys()].filter((key) => !known.has(key)).length;
      for (const key of fresh.keys()) if (seen.size < mostToldApart) seen.add(shortened(key));
      await imports.append(id, { lines: held, images: images.length, inferences });
      count += held.length;
      [held, images, characters, written] = [[], [], 0, performance.now()];
    }

    for await (const lines of splitLines(body, limits)) {
      for (const line of lines) {
        const { received, pictures } = read(line);
        held.push(received);
        images.push(...pictures);
        characters += received.body?.length ?? 0;
        if (held.length >= batch.lines || characters >= batch.characters) await write();
      }
      if (performance.now() - written > longestHeldMs) await write();
    }
    if (held.length > 0) await write();
    return count;
  };

  function read(line: BodyLine): { received: ReceivedLine; pictures: readonly ImageReference[] } {
    if ('fault' in line) return { received: unread(line.number, null, null, [line.fault]), pictures: [] };
    const { event, ...rest } = readImportLine(line.text);
    if (!event) {
      const { productId, problems } = rest as { productId: string | null; problems: readonly Problem[] };
      return { received: unread(line.number, productId, line.text, problems), pictures: [] };
    }
    const received = {
      line: line.number,
      productId: event.productId,
      hash: hash(encoder.encode(line.text)),
      body: line.text,
      problems: [],
    };
    return { received, pictures: picturesOf(event) };
  }
}

function unread(
  line: number,
  productId: string | null,
  body: string | null,
  problems: readonly Problem[],
): ReceivedLine {
  return { line, productId, hash: null, body, problems };
}

function picturesOf(event: CatalogEvent): readonly ImageReference[] {
  return event.type === 'product.deleted' ? [] : (event.images ?? []).map(({ reference }) => reference);
}

/** 48 bits of a hash: enough to tell some hundred thousand apart, and small enough for a number. */
function shortened(key: string): number {
  return Number.parseInt(key.slice(0, 12), 16);
}
