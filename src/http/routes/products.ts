/** `GET /products`: what stands, by category, tags and state. `DELETE /products/:id`: forgotten. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ProductQuestion, Services } from '../../application/tag-request.ts';
import type { Problem } from '../../domain/errors.ts';
import { tagName } from '../../domain/taxonomy/attribute-words.ts';
import { resolveCategory } from '../../domain/taxonomy/resolve-category.ts';
import type { Taxonomy } from '../../domain/taxonomy/types.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { pageFields } from '../page-query.ts';
import { productId } from '../product-id.ts';
import { malformed, problemsOf } from '../tag-query.ts';
import { wireTagSet } from '../wire-tag-set.ts';

const query = z.strictObject({
  ...pageFields,
  category: z.string().max(256).optional(),
  attribute: z.union([z.string().transform((one) => [one]), z.array(z.string()).max(50)]).default([]),
  review: z.enum(['pending', 'done']).optional(),
  status: z.literal('failed').optional(),
  sort: z.enum(['updated', 'uncertainty']).default('updated'),
});

const micros = z.int().min(0);
const position = (sort: string) =>
  z.strictObject({
    key: sort === 'updated' ? micros : z.number().min(0).max(1),
    // Anything else would never have been stored, and could not be asked for.
    productId: z.string().regex(/^(?:(?!\0|\p{Surrogate}).){1,256}$/su),
    asOf: micros,
  });

export function productsRoutes(app: FastifyInstance, services: Services): void {
  app.get('/products', { config: { scope: 'read' } }, async (request, reply) => {
    const question = readQuestion(request.query, services.taxonomy());
    const { items, next } = await services.listProducts(question);
    reply.header('cache-control', 'no-cache');
    return {
      items: items.map((tagSet) => wireTagSet(tagSet)),
      next: writeCursor(next, listOf(question)),
    };
  });

  app.post<{ Params: { id: string } }>(
    '/products/:id/restore',
    { config: { scope: 'admin' } },
    async (request, reply) => {
      const tagSet = await services.restoreProduct(productId(request.params.id));
      reply.header('cache-control', 'no-store').header('etag', `"${tagSet.revision}"`);
      return wireTagSet(tagSet);
    },
  );

  app.delete<{ Params: { id: string } }>(
    '/products/:id',
    { config: { scope: 'admin' } },
    async (request, reply) => {
      await services.deleteProduct(productId(request.params.id));
      return reply.code(204).send();
    },
  );
}

function readQuestion(raw: unknown, taxonomy: Taxonomy): ProductQuestion {
  const parsed = query.safeParse(raw);
  if (!parsed.success) throw malformed(problemsOf(parsed.error, 'query'));
  const { category: word, attribute, review, status, sort, limit, cursor } = parsed.data;
  const problems: Problem[] = [];
  const category = word === undefined ? null : resolveCategory(taxonomy, word);
  if (word !== undefined && category === null) {
    const detail = `${JSON.stringify(word.slice(0, 80))} is not a category of the taxonomy.`;
    problems.push({ code: 'request.malformed', detail, pointer: '/query/category' });
  }
  const groups = new Map<string, string[]>();
  for (const [index, text] of attribute.entries()) {
    const tag = tagName(text);
    const [id = '', value = ''] = tag.split('/', 2);
    const known = taxonomy.attributeById.get(id);
    if (!known || known.scope === 'image' || tag !== `${id}/${value}` || !known.valueById.has(value)) {
      const detail = `${JSON.stringify(text.slice(0, 80))} is not <attribute>/<value> of the taxonomy.`;
      problems.push({ code: 'request.malformed', detail, pointer: `/query/attribute/${index}` });
    }
    groups.set(id, [...(groups.get(id) ?? []), tag]);
  }
  if (problems.length > 0) throw malformed(problems);
  const question = {
    category,
    tags: [...groups.values()],
    review: review ?? null,
    failed: status === 'failed',
    sort,
    limit,
  };
  const after = cursor === undefined ? null : readCursor(cursor, listOf(question), position(sort));
  return { ...question, after };
}

/** Which list this is: everything but where in it, and how much of it. */
function listOf({ category, tags, review, failed, sort }: Omit<ProductQuestion, 'after'>): string {
  return JSON.stringify(['products', category, tags, review, failed, sort]);
}
