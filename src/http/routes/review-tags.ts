/** `PATCH /products/:id/tags`: what a person says of a product's tags. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Services } from '../../application/tag-request.ts';
import { HangtagError } from '../../domain/errors.ts';
import type { ReviewWords } from '../../domain/review/types.ts';
import { readIfMatch } from '../if-match.ts';
import { productId } from '../product-id.ts';
import { textField } from '../tag-fields.ts';
import { malformed, problemsOf } from '../tag-query.ts';
import { wireTagSet } from '../wire-tag-set.ts';

/** Ample for 200 entries under each verb; what is larger is refused before it is read. */
const maxReviewBytes = 512 * 2 ** 10;
const word = z.string().min(1).max(256);
const words = z.array(word).max(200).default([]);
/** As sent; what is left out is not touched. */
export const reviewBody = z
  .strictObject({
    set: z
      .record(word, z.array(word).max(50))
      .default({})
      .meta({ description: 'Attribute to its values: exactly these.' }),
    clear: words.meta({ description: 'Attributes that the product has none of.' }),
    accept: words.meta({
      description:
        '`<attribute>`: as accepted. `<attribute>/<value>`: exactly the named ones; so for what is suggested or abstains.',
    }),
    reject: words.meta({
      description:
        '`<attribute>/<value>`: taken away, and barred until `reset`. The model may answer with others.',
    }),
    reset: words.meta({ description: 'Attributes (or `category`) handed back to the model.' }),
    category: word.nullish(),
    variant: z.string().max(512).nullish(),
    by: z.string().nullish(),
  })
  .meta({ id: 'Review' });

export function reviewTagsRoute(app: FastifyInstance, services: Services): void {
  app.patch<{ Params: { id: string } }>(
    '/products/:id/tags',
    { config: { scope: 'review' }, bodyLimit: maxReviewBytes },
    async (request, reply) => {
      const id = productId(request.params.id);
      const ifRevisions = readIfMatch(request.headers['if-match']);
      const tagSet = await services.reviewTags(id, readWords(request.body), ifRevisions);
      reply.header('etag', `"${tagSet.revision}"`).header('cache-control', 'no-store');
      return wireTagSet(tagSet);
    },
  );
}

function readWords(value: unknown): ReviewWords {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) {
    throw new HangtagError('request.malformed', 'Send a JSON object.');
  }
  const parsed = reviewBody.safeParse(value);
  if (!parsed.success) throw malformed(problemsOf(parsed.error, ''));
  const { category, variant, by, ...verbs } = parsed.data;
  return {
    ...verbs,
    category: category ?? null,
    variant: variant ?? null,
    by: textField(by ?? undefined, '/by', 256),
  };
}
