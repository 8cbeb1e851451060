/**
 * What is done, beside the source: one line a product, appended once it is stored, with a hash of what was sent. A run
 * that was killed loses at most the products that were on their way.
 */
import { createHash } from 'node:crypto';
import { appendFile, readFile, rm, stat } from 'node:fs/promises';
import type { ImportProduct } from './product.ts';

export interface ImportState {
  isDone(product: ImportProduct, inputs: string): boolean;
  markDone(product: ImportProduct, inputs: string): Promise<void>;
}

export async function openState(file: string, restart: boolean): Promise<ImportState> {
  if (restart) await rm(file, { force: true });
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const done = new Map<string, string>();
  for (const line of text.split('\n')) {
    const entry = parse(line);
    if (entry) done.set(entry.id, entry.inputs);
  }
  // A line that a kill cut off must not swallow the next one.
  if (text !== '' && !text.endsWith('\n')) await appendFile(file, '\n');
  return {
    isDone: ({ id }, inputs) => done.get(id) === inputs,
    async markDone({ id }, inputs) {
      done.set(id, inputs);
      await appendFile(file, `${JSON.stringify({ id, inputs })}\n`);
    },
  };
}

function parse(line: string): { readonly id: string; readonly inputs: string } | null {
  try {
    const { id, inputs } = JSON.parse(line) as Record<string, unknown>;
    return typeof id === 'string' && typeof inputs === 'string' ? { id, inputs } : null;
  } catch {
    return null;
  }
}

/**
 * The server, the fields, and each image's path, size and time of change: no image is read to find that nothing
 * changed. One that was merely touched is sent again, and the server knows its content.
 */
export async function hashInputs(product: ImportProduct, url: string): Promise<string> {
  const files = await Promise.all(
    product.images.map(async (image) => {
      const found = await stat(image).catch(() => null);
      return [image, found?.size ?? null, found?.mtimeMs ?? null];
    }),
  );
  const { id, category, title, views, variants } = product;
  const inputs = JSON.stringify([url, id, category, title, views, variants, files]);
  return createHash('sha256').update(inputs).digest('hex').slice(0, 32);
}
