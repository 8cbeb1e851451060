/** The calls on whole products: listing and forgetting. */
import { operationSchema } from '../wire-operation.ts';
import { productPageSchema } from '../wire-pages.ts';
import { type Json, json, page, productId, query, refusals, scope } from './parts.ts';

const listQuery = [
  query(
    'category',
    'A category (id, name, Shopify GID or Google id), such as `clothing`; its descendants are meant too.',
    { type: 'string', maxLength: 256 },
  ),
  query(
    'attribute',
    '`<attribute>/<value>`, accepted, in any variant. Repeated (`attribute=color/navy&attribute=color/white`): of one attribute any, of several all.',
    { type: 'array', items: { type: 'string' }, maxItems: 50 },
  ),
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
      tags: ['Products', 'Review'],
      ...scope(
        'read',
        'All conditions must hold. Without any: every product. While you page, what nobody changes comes exactly once; what changes after the first page is left out of the later ones.\n\nThe queue of a reviewer is `review=pending&sort=uncertainty`.',
      ),
      summary: 'Products by category, tags and state',
      parameters: listQuery,
      responses: {
        200: json(productPageSchema, 'A page of TagSets.', {}, ['page', 'firstPage']),
        ...refusals(),
      },
    },
  },
  '/operations/{id}': {
    get: {
      operationId: 'readOperation',
      tags: ['Tagging'],
      ...scope(
        'tag',
        'Ask until `state` is `done` or `failed`; `GET /products/{id}/tags` has the answer then. Failed attempts are repeated where that can help; a `failed` one is not, and nothing was stored. Kept for 7 days.',
      ),
      summary: 'How work that was accepted for later fares',
      parameters: [
        {
          name: 'id',
          in: 'path',
          required: true,
          description: 'From the answer of the call that was accepted.',
          schema: { type: 'string', format: 'uuid' },
          example: '0b9ca3f4-4a44-4c51-8a4e-0f5f6c1f1a11',
        },
      ],
      responses: {
        200: json(operationSchema, 'The operation.', {}, ['accepted', 'done', 'failed']),
        ...refusals('operation.not_found'),
      },
    },
  },
  '/products/{id}': {
    delete: {
      operationId: 'deleteProduct',
      tags: ['Products'],
      ...scope(
        'admin',
        'Tags, history, waiting work, and every vector and original that no other product uses. Cannot be undone. Revision numbers never start again.',
      ),
      summary: 'Forget a product: tags, history, and pictures that no other product uses',
      parameters: [productId],
      // A body is not asked for, but one that is sent is read.
      responses: {
        204: { description: 'Forgotten, or never known.' },
        ...refusals('product.invalid_id', 'request.unsupported_type'),
      },
    },
  },
};
