/** A tagging request in rows: its words as JSON, its pictures in parts that no single message grows too large for. */
import type { Transaction } from 'kysely';
import type { ImageInput, TagRequest } from '../../application/ports-work.ts';
import { type ErrorCode, HangtagError } from '../../domain/errors.ts';
import { type ImageReference, isReference } from '../../domain/image-reference.ts';
import type { Tables } from './tables.ts';

const partBytes = 2 ** 20;

interface StoredImageInput extends Omit<ImageInput, 'content'> {
  /** Where it is to be fetched from; absent where it was sent. */
  readonly reference?: ImageReference;
  /** What kept the door from reading it; null where its bytes stand in `operation_images`. */
  readonly fault: { readonly code: ErrorCode; readonly detail: string } | null;
}

export type StoredRequest = Omit<TagRequest, 'images'> & { readonly images: readonly StoredImageInput[] };

export function storedRequest(request: TagRequest): StoredRequest {
  const images = request.images.map(({ content, ...words }) => ({
    ...words,
    ...(isReference(content) ? { reference: content } : {}),
    fault: content instanceof HangtagError ? { code: content.code, detail: content.message } : null,
  }));
  return { ...request, images };
}

export async function writePictures(
  trx: Transaction<Tables>,
  operationId: string,
  images: readonly ImageInput[],
): Promise<void> {
  for (const [position, { content }] of images.entries()) {
    if (content instanceof HangtagError || isReference(content)) continue;
    for (let part = 0; part * partBytes < content.length; part++) {
      const bytes = Buffer.from(content.subarray(part * partBytes, (part + 1) * partBytes));
      await trx
        .insertInto('operation_images')
        .values({ operation_id: operationId, position, part, bytes })
        .execute();
    }
  }
}

export async function readPictures(
  trx: Transaction<Tables>,
  operationId: string,
  stored: StoredRequest,
): Promise<TagRequest> {
  const images: ImageInput[] = [];
  for (const [position, { fault, reference, ...words }] of stored.images.entries()) {
    if (reference) {
      images.push({ ...words, content: reference });
      continue;
    }
    if (fault) {
      images.push({ ...words, content: new HangtagError(fault.code, fault.detail) });
      continue;
    }
    const rows = await trx
      .selectFrom('operation_images')
      .select('bytes')
      .where('operation_id', '=', operationId)
      .where('position', '=', position)
      .orderBy('part')
      .execute();
    images.push({ ...words, content: Buffer.concat(rows.map(({ bytes }) => bytes)) });
  }
  return { ...stored, images };
}
