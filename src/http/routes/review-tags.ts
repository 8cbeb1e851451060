/** `PATCH /products/:id/tags`: what a person says of a product's tags. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Services } from '../../application/tag-request.ts';
import { HangtagError } from '../../domain/errors.ts';
import type { ReviewWords } from '../../domain/review/types.ts';
import { productId } from '../product-id.ts';
import { textField } from '../tag-fields.ts';
import { attributeId, malformed, problemsOf } from '../tag-query.ts';
import { wireTagSet } from '../wire-tag-set.ts';

const word = z.string().min(1).max(256);
const words = z.array(word).max(200).default([]);
/** As sent; what is left out is not touched. */
export const reviewBody = z
  .strictObject({
    set: z.record(word, z.array(word).max(50)).default({}),
    clear: words,
    accept: words,
    reject: words,
    reset: words,
    category: word.nullish(),
    variant: z.string().max(512).nullish(),
    by: z.string().nullish(),
  })
  .meta({ id: 'Review' });

export function reviewTagsRoute(app: FastifyInstance, services: Services): void {
  app.patch<{ Params: { id: string } }>(
    '/products/:id/tags',
    { config: { scope: 'review' } },
    async (request, reply) => {
      const id = productId(request.params.id);
      const ifRevision = readIfMatch(request.headers['if-match']);
      const tagSet = await services.reviewTags(id, readWords(request.body), ifRevision);
      reply.header('etag', `"${tagSet.revision}"`).header('cache-control', 'no-store');
      return wireTagSet(tagSet);
    },
  );
}

/** One revision as GET gave it in `ETag`; null for none and for `*`. */
function readIfMatch(header: string | undefined): number | null {
  if (header === undefined || header.trim() === '*') return null;
  const [, revision] = /^\s*"([1-9]\d{0,9})"\s*$/.exec(header) ?? [];
  if (revision !== undefined) return Number(revision);
  throw new HangtagError('request.malformed', 'If-Match is one revision in quotes, as ETag gives it.');
}

function readWords(value: unknown): ReviewWords {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) {
    throw new HangtagError('request.malformed', 'Send a JSON object.');
  }
  const parsed = reviewBody.safeParse(value);
  if (!parsed.success) throw malformed(problemsOf(parsed.error, ''));
  const { set, clear, accept, reject, reset, category, variant, by } = parsed.data;
  const renamed = Object.entries(set).map(([name, values]) => [attributeId(name), values] as const);
  if (new Set(renamed.map(([name]) => name)).size < renamed.length) {
    const detail = 'fabric is another word for material: use one of them.';
    throw malformed([{ code: 'request.malformed', detail, pointer: '/set/fabric' }]);
  }
  return {
    set: Object.fromEntries(renamed),
    clear: clear.map(tagName),
    accept: accept.map(tagName),
    reject: reject.map(tagName),
    reset: reset.map(tagName),
    category: category ?? null,
    variant: variant ?? null,
    by: textField(by ?? undefined, '/by', 256),
  };
}

/** `<attribute>` or `<attribute>/<value>`, other words for an attribute replaced. */
export function tagName(text: string): string {
  const [name = '', ...rest] = text.split('/');
  return [attributeId(name), ...rest].join('/');
}
