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
  query('review', 'pending: something is doubtful that nobody has looked at. done: somebody has.', {
    enum: ['pending', 'done'],
  }),
  query('status', 'failed: an image could not be used.', { enum: ['failed'] }),
  query('sort', 'updated: latest change first. uncertainty: least sure first.', {
    enum: ['updated', 'uncertainty'],
    default: 'updated',
  }),
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
      responses: { 204: { description: 'Forgotten, or never known.' }, ...refusals() },
    },
  },
};
