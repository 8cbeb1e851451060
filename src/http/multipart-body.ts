/** `multipart/form-data`: file parts named `image`, and text parts, in any order. Streams; keeps no more than it may. */
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { ImageInput } from '../application/tag-request.ts';
import { HangtagError } from '../domain/errors.ts';
import {
  maxImageBytes,
  maxImages,
  missing,
  perImage,
  type TagBody,
  textField,
  tooLarge,
  viewField,
} from './tag-fields.ts';
import { malformed } from './tag-query.ts';

const fieldNames = ['category', 'title', 'views', 'variants'];

export const multipartLimits = {
  throwFileSizeLimit: false,
  limits: {
    files: maxImages,
    fileSize: maxImageBytes,
    fields: 8,
    fieldSize: 16 * 2 ** 10,
    parts: 24,
    headerPairs: 40,
  },
} as const;

/** `total`: bytes of the whole body, at most. A file that is too large is that picture's fault alone. */
export async function readMultipart(request: FastifyRequest, total: number): Promise<TagBody> {
  // Begun before counting: both must listen before the first byte flows.
  const body = readParts(request);
  return Promise.race([body, overflow(request.raw, total)]);
}

/** Rejects once more than `total` bytes have come. What the form parser drops of a too-large file counts as well. */
function overflow(raw: IncomingMessage, total: number): Promise<never> {
  let received = 0;
  return new Promise((_, reject) => {
    raw.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > total)
        reject(new HangtagError('request.too_large', `A request may have at most ${total} bytes.`));
    });
  });
}

async function readParts(request: FastifyRequest): Promise<TagBody> {
  const contents: (Uint8Array | HangtagError)[] = [];
  const fields = new Map<string, string>();
  try {
    for await (const part of request.parts()) {
      if (part.type === 'field') {
        const name = part.fieldname;
        if (name === 'image') throw wrongPart(name, 'is text, but has to be a file with a filename');
        if (!fieldNames.includes(name))
          throw wrongPart(name, `is not one of image, ${fieldNames.join(', ')}`);
        if (fields.has(name)) throw wrongPart(name, 'was sent twice');
        if (part.valueTruncated) throw wrongPart(name, 'is too long');
        // The form parser reads parts that call themselves JSON.
        if (typeof part.value === 'object') throw wrongPart(name, 'is not plain text');
        fields.set(name, String(part.value));
        continue;
      }
      if (part.fieldname !== 'image')
        throw wrongPart(part.fieldname, 'is a file, but only "image" parts are');
      const chunks: Buffer[] = [];
      for await (const chunk of part.file as AsyncIterable<Buffer>) {
        chunks.push(chunk);
      }
      contents.push(part.file.truncated ? tooLarge() : Buffer.concat(chunks));
    }
  } catch (error) {
    // The form parser's own complaints (a cut-off body, a broken header) are plain errors.
    if (error instanceof HangtagError || (error instanceof Error && 'statusCode' in error)) throw error;
    throw new HangtagError('request.malformed', 'The form data is broken or was cut off.', { cause: error });
  }
  if (contents.length === 0) throw missing();
  const views = perImage(fields.get('views'), contents.length, '/views');
  const variants = perImage(fields.get('variants'), contents.length, '/variants');
  return {
    images: contents.map(
      (content, index): ImageInput => ({
        content,
        view: viewField(views[index], `/views/${index}`),
        variant: variants[index] ?? null,
        ref: null,
      }),
    ),
    category: textField(fields.get('category'), '/category', 256),
    title: textField(fields.get('title'), '/title'),
  };
}

function wrongPart(name: string, rule: string): HangtagError {
  const detail = `The part ${JSON.stringify(String(name).slice(0, 80))} ${rule}.`;
  return malformed([{ code: 'request.malformed', detail, pointer: '/' }]);
}
