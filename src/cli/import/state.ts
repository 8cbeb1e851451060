/**
 * What is done, beside the source: one line a product, appended once it is stored, with a hash of what was sent. A run
 * that was killed loses at most the products that were on their way.
 */
import { createHash } from 'node:crypto';
import { appendFile, readFile, rm, stat } from 'node:fs/promises';
import type { Failure } from './failure.ts';
import type { ImportProduct } from './product.ts';

export interface ImportState {
  /** What was wrong with a product that is done and has not changed, mostly nothing; null where it is to be sent. */
  doneWith(product: ImportProduct, inputs: Inputs): readonly Failure[] | null;
  /** Whether its attributes were said before, word for word: what people said since then is the later word. */
  wasSaid(product: ImportProduct, inputs: Inputs): boolean;
  markDone(product: ImportProduct, inputs: Inputs, faults: readonly Failure[]): Promise<void>;
}

/** Hashes of everything that is sent for a product, and of its attributes alone (null without any). */
export interface Inputs {
  readonly all: string;
  readonly said: string | null;
}

export async function openState(file: string, restart: boolean): Promise<ImportState> {
  if (restart) await rm(file, { force: true });
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const done = new Map<string, Done>();
  for (const line of text.split('\n')) {
    const entry = parse(line);
    if (entry) done.set(entry.id, entry);
  }
  // A line that a kill cut off must not swallow the next one.
  if (text !== '' && !text.endsWith('\n')) await appendFile(file, '\n');
  return {
    doneWith({ id }, { all }) {
      const found = done.get(id);
      return found?.all === all ? found.faults : null;
    },
    wasSaid: ({ id }, { said }) => said !== null && done.get(id)?.said === said,
    async markDone({ id }, inputs, faults) {
      done.set(id, { ...inputs, faults });
      const { all, said } = inputs;
      const line = {
        id,
        inputs: all,
        ...(said === null ? {} : { said }),
        ...(faults.length > 0 ? { faults } : {}),
      };
      await appendFile(file, `${JSON.stringify(line)}\n`);
    },
  };
}

interface Done extends Inputs {
  readonly faults: readonly Failure[];
}

function parse(line: string): (Done & { readonly id: string }) | null {
  try {
    const { id, inputs, said, faults } = JSON.parse(line) as Record<string, unknown>;
    if (typeof id !== 'string' || typeof inputs !== 'string') return null;
    // What this program wrote; a line that somebody made otherwise is a product sent once more at worst.
    const listed = Array.isArray(faults) ? (faults as Failure[]) : [];
    return { id, all: inputs, said: typeof said === 'string' ? said : null, faults: listed };
  } catch {
    return null;
  }
}

/**
 * The server, the fields, and each image's path, size and time of change: no image is read to find that nothing
 * changed. One that was merely touched is sent again, and the server knows its content.
 */
export async function hashInputs(product: ImportProduct, url: string): Promise<Inputs> {
  const files = await Promise.all(
    product.images.map(async (image) => {
      const found = await stat(image).catch(() => null);
      return [image, found?.size ?? null, found?.mtimeMs ?? null];
    }),
  );
  const { id, category, title, views, variants, attributes } = product;
  const sent = [url, id, category, title, views, variants, files];
  if (Object.keys(attributes).length === 0) return { all: digest(sent), said: null };
  return { all: digest([...sent, attributes]), said: digest([url, id, attributes]) };
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}
