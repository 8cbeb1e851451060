/** Sources that the server can read by itself, because every picture in them is a URL or in a bucket: as the lines it takes. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type ImportProduct, isRemote, SourceError } from './product.ts';

/** Lines of such a file that are looked at to tell what it is. */
const looked = 20;

/** Whether a file has the server's own lines: then it goes as it is, however long. */
export async function hasServerLines(file: string): Promise<boolean> {
  if (!/\.(ndjson|jsonl)$/i.test(file)) return false;
  if (!(await stat(file).catch(() => null))?.isFile()) return false;
  const text = createReadStream(file, { end: 4 * 2 ** 20 });
  let count = 0;
  try {
    for await (const line of createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.trim() === '') continue;
      const keys = keysOf(line);
      if (keys.includes('productId')) return true;
      if (keys.includes('id') || ++count >= looked) return false;
    }
    return false;
  } finally {
    text.destroy();
  }
}

function keysOf(line: string): string[] {
  try {
    const value: unknown = JSON.parse(line.replace(/^\ufeff/, ''));
    return typeof value === 'object' && value !== null ? Object.keys(value) : [];
  } catch {
    return [];
  }
}

/** Whether the server is to fetch the pictures. Throws where some are its own to fetch and others are files here. */
export function areRemote(products: readonly ImportProduct[]): boolean {
  const images = products.flatMap((product) => product.images);
  const remote = images.filter(isRemote).length;
  if (remote > 0 && remote < images.length) {
    const detail = `${remote} images are URLs and ${images.length - remote} are files: put them into two sources.`;
    throw new SourceError([detail]);
  }
  return remote > 0;
}

export function* linesOf(products: readonly ImportProduct[]): Generator<string> {
  for (const { id, images, category, title, views, variants, attributes } of products) {
    const line = {
      productId: id,
      images: images.map((image, index) => ({
        ...(/^s3:/i.test(image) ? { s3: image } : { url: image }),
        ...(views[index] ? { view: views[index] } : {}),
        ...(variants[index] ? { variant: variants[index] } : {}),
      })),
      ...(title === null ? {} : { title }),
      ...(category === null ? {} : { category }),
      ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
    };
    yield `${JSON.stringify(line)}\n`;
  }
}

/** The same file, unchanged, is the same import: its size and time of change stand for its content. */
export async function nameOf(file: string, url: string, dryRun: boolean): Promise<string> {
  const { size, mtimeMs } = await stat(file);
  return createHash('sha256')
    .update(JSON.stringify([url, file, size, mtimeMs, dryRun]))
    .digest('hex');
}
