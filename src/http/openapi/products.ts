/** The calls on whole products: listing and forgetting. */
import { operationSchema } from '../wire-operation.ts';
import { productPageSchema } from '../wire-pages.ts';
import { type Json, json, page, productId, query, refusals, scope } from './parts.ts';

const listQuery = [
  query('category', 'A category (id, name, Shopify GID or Google id); its descendants are meant too.', {
    type: 'string',
    maxLength: 256,
  }),
  query('attribute', '`<attribute>/<value>`, accepted. Repeated: of one attribute any, of several all.', {
    type: 'array',
    items: { type: 'string' },
    maxItems: 50,
  }),
  query(
    'review',
    'pending: the category or an attribute, of a variant too, is suggested, below its threshold or ambiguous, and nobody has reviewed it as it stands. done: none is.',
    { enum: ['pending', 'done'] },
  ),
  query('status', 'failed: an image could not be used.', { enum: ['failed'] }),
  query(
    'sort',
    'updated: latest change first. uncertainty: smallest lead first, of all that awaits a review: the lead of the best candidate over the next, of a suggestion over everything else together. What awaits none comes last.',
    { enum: ['updated', 'uncertainty'], default: 'updated' },
  ),
  ...page,
];

export const productPaths: Json = {
  '/products': {
    get: {
      operationId: 'listProducts',
      ...scope('read'),
      summary: 'Products by category, tags and state',
      parameters: listQuery,
      responses: { 200: json(productPageSchema, 'A page of TagSets.'), ...refusals() },
    },
  },
  '/operations/{id}': {
    get: {
      operationId: 'readOperation',
      ...scope('tag'),
      summary: 'How work that was accepted for later fares',
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }],
      responses: { 200: json(operationSchema, 'The operation.'), ...refusals(404) },
    },
  },
  '/products/{id}': {
    delete: {
      operationId: 'deleteProduct',
      ...scope('admin'),
      summary: 'Forget a product: tags, history, and pictures that no other product uses',
      parameters: [productId],
      // A body is not asked for, but one that is sent is read.
      responses: { 204: { description: 'Forgotten, or never known.' }, ...refusals(415) },
    },
  },
};
