/** The calls that tag a product and read what stands. */
import { jsonBody } from '../json-body.ts';
import { reviewBody } from '../routes/review-tags.ts';
import { imageTypes } from '../routes/tag-product.ts';
import { operationSchema } from '../wire-operation.ts';
import { historyPageSchema } from '../wire-pages.ts';
import { tagSetSchema } from '../wire-schemas.ts';
import {
  etag,
  flag,
  type Json,
  json,
  page,
  productId,
  query,
  reference,
  refusals,
  scope,
  text,
} from './parts.ts';

const tagQuery = [
  query('attributes', 'Comma-separated: only these are decided and rewritten.', { type: 'string' }),
  query(
    'category',
    'A taxonomy id or name, a Shopify category GID, or a Google category id. The body’s wins.',
    { type: 'string' },
  ),
  query('minConfidence', 'Filters the answer, never what is stored.', {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0,
  }),
  query('explain', 'Scores, captions and thresholds behind each decision.', flag(false)),
  query('store', 'false: answer only, nothing is written.', flag(true)),
  query('async', 'true: accepted now, tagged later; see `Location`. Not with `store=false`.', flag(false)),
];

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Your name for this call. Sent again within 24 hours it gives the same answer; with other content: 409.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

function tagBody(): Json {
  const form = {
    type: 'object',
    required: ['image'],
    properties: {
      image: { type: 'array', minItems: 1, maxItems: 8, items: { type: 'string', format: 'binary' } },
      category: { type: 'string' },
      title: { type: 'string' },
      views: {
        type: 'string',
        description: 'Comma-separated, one per image: front, back, side, detail, other.',
      },
      variants: { type: 'string', description: 'Comma-separated, one key per image.' },
    },
  };
  const raw = { schema: { type: 'string', format: 'binary' } };
  return {
    required: true,
    content: {
      'multipart/form-data': { schema: form, encoding: { image: { contentType: 'image/*' } } },
      'application/json': { schema: reference(jsonBody, 'input') },
      ...Object.fromEntries(imageTypes.map((type) => [type, raw])),
    },
  };
}

export const taggingPaths: Json = {
  '/products/{id}/tags': {
    post: {
      operationId: 'tagProduct',
      ...scope('tag'),
      summary: 'Tag a product from its images, and store the answer',
      parameters: [productId, ...tagQuery, idempotencyKey],
      requestBody: tagBody(),
      responses: {
        200: json(tagSetSchema, 'The TagSet.', etag),
        202: json(operationSchema, 'Accepted, with `async=true`.', { Location: text('/operations/<id>') }),
        ...refusals(404, 409, 413, 415, 422, 501, 504),
      },
    },
    get: {
      operationId: 'readTags',
      ...scope('read'),
      summary: 'The current TagSet',
      parameters: [productId],
      responses: { 200: json(tagSetSchema, 'The TagSet.', etag), ...refusals(404) },
    },
    patch: {
      operationId: 'reviewTags',
      ...scope('review'),
      summary: 'What a person says of the tags; later runs of a model leave it alone',
      parameters: [
        productId,
        {
          name: 'If-Match',
          in: 'header',
          description:
            'The revision that was looked at, as `ETag` gave it (or several, RFC 9110). None of them stands: 412. Weak tags match nothing.',
          schema: { type: 'string', examples: ['"3"'] },
        },
      ],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: reference(reviewBody, 'input') } },
      },
      responses: { 200: json(tagSetSchema, 'The TagSet.', etag), ...refusals(404, 412, 413, 415) },
    },
  },
  '/products/{id}/tags/history': {
    get: {
      operationId: 'readHistory',
      ...scope('read'),
      summary: 'Every revision, newest first',
      parameters: [productId, ...page],
      responses: { 200: json(historyPageSchema, 'A page of revisions.'), ...refusals(404) },
    },
  },
};
