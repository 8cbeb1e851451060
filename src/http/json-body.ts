/** `application/json`: images as base64, or where they are to be fetched from. */
import { z } from 'zod';
import type { ImageInput } from '../application/tag-request.ts';
import { HangtagError } from '../domain/errors.ts';
import {
  maxImageBytes,
  maxImages,
  missing,
  type TagBody,
  textField,
  tooLarge,
  tooMany,
  viewField,
} from './tag-fields.ts';
import { malformed, problemsOf } from './tag-query.ts';

const short = z.string().nullish();
/** The JSON form of a tagging request. */
export const jsonBody = z
  .strictObject({
    images: z
      .array(
        z
          .strictObject({
            url: z
              .string()
              .optional()
              .meta({ description: 'Fetched by https from the public internet: docs/fetching.md.' }),
            s3: z
              .string()
              .optional()
              .meta({ description: '`s3://bucket/key`, below one of S3_ALLOW_PREFIXES.' }),
            base64: z
              .string()
              .optional()
              .meta({ description: 'The file, in base64, without a data: prefix.' }),
            view: short.meta({ description: 'front, back, side, detail or other.' }),
            variant: short.meta({
              description: 'Which variant it shows: a key of your choice, such as `red`.',
            }),
            ref: short.meta({ description: 'Your name for the picture; comes back in `images`.' }),
          })
          .meta({ description: 'Exactly one of url, s3 and base64.' }),
      )
      .meta({ description: '1 to 8, in order.' }),
    category: short.meta({ description: 'What it is, if you know; see the query.' }),
    title: short.meta({ description: 'Kept with the product; never used to guess.' }),
  })
  .meta({ id: 'TagRequest' });

type JsonImage = z.infer<typeof jsonBody>['images'][number];

/** Characters of a reference, at most. */
const longestUrl = 2048;

export function readJson(value: unknown): TagBody {
  // Counted before anything looks at each: a body has room for millions.
  const given = (value as { images?: unknown } | null)?.images;
  if (Array.isArray(given) && given.length > maxImages) throw tooMany();
  const parsed = jsonBody.safeParse(value);
  if (!parsed.success) throw malformed(problemsOf(parsed.error, ''));
  const { images, category, title } = parsed.data;
  if (images.length === 0) throw missing();
  return {
    images: images.map(
      (image, index): ImageInput => ({
        content: contentOf(image, index),
        view: viewField(image.view, `/images/${index}/view`),
        variant: textField(image.variant ?? undefined, `/images/${index}/variant`, 128),
        ref: textField(image.ref ?? undefined, `/images/${index}/ref`),
      }),
    ),
    category: textField(category ?? undefined, '/category', 256),
    title: textField(title ?? undefined, '/title'),
  };
}

function contentOf({ url, s3, base64 }: JsonImage, index: number): ImageInput['content'] {
  if ([url, s3, base64].filter((one) => one !== undefined).length !== 1) {
    const detail = 'An image is exactly one of url, s3 or base64.';
    throw malformed([{ code: 'request.malformed', detail, pointer: `/images/${index}` }]);
  }
  if (url !== undefined)
    return { kind: 'url', url: textField(url, `/images/${index}/url`, longestUrl) ?? '' };
  if (s3 !== undefined) return { kind: 's3', uri: textField(s3, `/images/${index}/s3`, longestUrl) ?? '' };
  if (base64 === undefined) throw new TypeError('one of the three was there');
  // Four characters are three bytes: what is too large is refused before it is decoded.
  if (base64.length > Math.ceil(maxImageBytes / 3) * 4 + 4) return tooLarge();
  const bytes = Buffer.from(base64, 'base64');
  // Node skips what is not base64, so a wrong text decodes to fewer bytes than its length says.
  const length = unpaddedLength(base64);
  if (bytes.length === 0 || length % 4 === 1 || bytes.length !== Math.floor((length * 3) / 4)) {
    return new HangtagError('image.unreadable', 'The base64 text is empty or not valid base64.');
  }
  return bytes.length > maxImageBytes ? tooLarge() : bytes;
}

/** By hand: a regular expression for trailing `=` takes quadratic time on megabytes of them. */
function unpaddedLength(base64: string): number {
  const { length } = base64;
  return length - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);
}
