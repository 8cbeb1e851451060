/** A product's pictures and fields as the form that is sent, and what the answer says of the pictures. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Failure } from './failure.ts';
import type { ImportProduct } from './product.ts';

const mostBytes = 64 * 2 ** 20;

/** The pictures are read here, so that an import of thousands holds only those on their way. */
export async function productForm(product: ImportProduct): Promise<FormData | Failure> {
  const failed = (code: string, detail: string) => ({ id: product.id, status: null, code, detail });
  const body = new FormData();
  let bytes = 0;
  for (const image of product.images) {
    try {
      bytes += (await stat(image)).size;
      if (bytes > mostBytes)
        return failed('request.too_large', `The images together are more than ${mostBytes / 2 ** 20} MiB.`);
      body.append('image', new Blob([await readFile(image)]), path.basename(image));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return failed(
        'file',
        code === 'ENOENT' ? `There is no ${image}.` : `${image} cannot be read (${code}).`,
      );
    }
  }
  if (product.category) body.append('category', product.category);
  if (product.title) body.append('title', product.title);
  if (product.views.length > 0) body.append('views', product.views.join(','));
  if (product.variants.length > 0) body.append('variants', product.variants.join(','));
  return body;
}

/** Images that the server could not use, and what it could make nothing of: an unknown category. */
export function answerFaults(product: ImportProduct, tagSet: unknown): Failure[] {
  const { images = [], warnings = [] } = (tagSet ?? {}) as {
    images?: readonly { index: number; error?: { code: string; detail: string } }[];
    warnings?: readonly { code: string; detail: string }[];
  };
  const found = (code: string, detail: string): Failure => ({ id: product.id, status: 200, code, detail });
  return [
    ...images.flatMap(({ index, error }) =>
      error ? [found(error.code, `${product.images[index]}: ${error.detail}`)] : [],
    ),
    ...warnings
      .filter(({ code }) => code === 'category.unknown')
      .map(({ code, detail }) => found(code, detail)),
  ];
}
