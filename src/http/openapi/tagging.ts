/** The calls that tag a product and read what stands. */
import { jsonBody } from '../json-body.ts';
import { reviewBody } from '../routes/review-tags.ts';
import { imageTypes } from '../routes/tag-product.ts';
import { operationSchema } from '../wire-operation.ts';
import { historyPageSchema } from '../wire-pages.ts';
import { tagSetSchema } from '../wire-schemas.ts';
import { examplesOf } from './examples.ts';
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
  query(
    'attributes',
    'Comma-separated, such as `color,sleeve-length`: only these are decided and rewritten, the others stay as they are.',
    { type: 'string' },
  ),
  query(
    'category',
    'What it is, if you know: a taxonomy id or name (`t-shirt`), a Shopify category GID, or a Google category id. It wins over the model (`source: "merchant"`); one in the body wins over this. An unknown one is a warning in the answer, no fault.',
    { type: 'string' },
  ),
  query(
    'minConfidence',
    'Filters the answer, never what is stored: what is less sure is shown as a candidate.',
    {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 0,
    },
  ),
  query(
    'explain',
    'Adds the scores, captions and thresholds behind each decision, as `explain`.',
    flag(false),
  ),
  query('store', 'false: answer only, nothing is written.', flag(true)),
  query(
    'async',
    'true: answers 202 at once and tags later; `Location` says where to ask how it went. Not with `store=false`.',
    flag(false),
  ),
];

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Your name for this call. Sent again within 24 hours it gives the same answer; with other content: 409. Not used with `store=false`.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

function tagBody(): Json {
  // Empty is as good as absent; a page that offers to try the call would fill in a word otherwise.
  const optional = (description: string) => ({ type: 'string', description, default: '' });
  const form = {
    type: 'object',
    required: ['image'],
    properties: {
      image: {
        type: 'array',
        minItems: 1,
        maxItems: 8,
        items: { type: 'string', format: 'binary' },
        description: 'The files, in order: one part named `image` for each.',
      },
      category: optional('What it is, if you know; see the query.'),
      title: optional('Kept with the product; never used to guess.'),
      views: optional(
        'Comma-separated, one per image in order: front, back, side, detail, other; empty where unknown.',
      ),
      variants: optional(
        'Comma-separated, one key of your choice per image in order (`navy,navy,red`). With several, colour, pattern, material and the like are decided for each and stand in `variants`.',
      ),
    },
  };
  const raw = {
    schema: { type: 'string', format: 'binary', description: 'The picture itself, as the whole body.' },
  };
  return {
    required: true,
    content: {
      'multipart/form-data': { schema: form, encoding: { image: { contentType: 'image/*' } } },
      'application/json': {
        schema: reference(jsonBody, 'input'),
        ...examplesOf(['tagBase64', 'tagVariants']),
      },
      ...Object.fromEntries(imageTypes.map((type) => [type, raw])),
    },
  };
}

export const taggingPaths: Json = {
  '/products/{id}/tags': {
    post: {
      operationId: 'tagProduct',
      tags: ['Tagging'],
      ...scope(
        'tag',
        'Send files as a form (`curl -F image=@front.jpg -F image=@back.jpg …`), one picture as the body (`curl --data-binary @photo.jpg -H "content-type: image/jpeg" …`), or base64 in JSON. The pictures replace those of the last call; what people and merchants said stays. A picture that was seen before is not worked again.',
      ),
      summary: 'Tag a product from its images, and store the answer',
      parameters: [productId, ...tagQuery, idempotencyKey],
      requestBody: tagBody(),
      responses: {
        200: json(tagSetSchema, 'The TagSet.', etag, ['tagged']),
        202: json(operationSchema, 'Accepted, with `async=true`.', { Location: text('`/operations/{id}`') }, [
          'accepted',
        ]),
        ...refusals(
          'product.invalid_id',
          'image.missing',
          'product.not_found',
          'idempotency.conflict',
          'inference.unavailable',
          413,
          415,
          'image.unreadable',
          'image.fetch_refused',
          'image.fetch_failed',
          501,
          504,
        ),
      },
    },
    get: {
      operationId: 'readTags',
      tags: ['Tagging'],
      ...scope('read'),
      summary: 'The current TagSet',
      parameters: [productId],
      responses: {
        200: json(tagSetSchema, 'The TagSet.', etag, ['tagged', 'reviewed']),
        ...refusals('product.invalid_id', 'product.not_found'),
      },
    },
    patch: {
      operationId: 'reviewTags',
      tags: ['Review'],
      ...scope(
        'review',
        'All of it happens, or nothing: a 400 names every mistake with a pointer. At least one of `set`, `clear`, `accept`, `reject`, `reset` and `category` has to say something. What is touched becomes `source: "human"`. Ids are those of `GET /taxonomy`; the model need not know them. `category` may stand in the place of an attribute: `"accept":["category/shirt"]`. An attribute that was only rejected, not answered, no longer waits for a review. Saying the same again changes nothing but `reviewed`.',
      ),
      summary: 'What a person says of the tags; later runs of a model leave it alone',
      parameters: [
        productId,
        {
          name: 'If-Match',
          in: 'header',
          description:
            'The revision that was looked at, as `ETag` gave it (or several, RFC 9110); left out, any. None of them stands: 412. Weak tags match nothing.',
          schema: { type: 'string', examples: ['"3"'] },
        },
      ],
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: reference(reviewBody, 'input'),
            ...examplesOf(['set', 'acceptAndReject', 'clearAndReset']),
          },
        },
      },
      responses: {
        200: json(tagSetSchema, 'The TagSet as it stands now.', etag, ['reviewed']),
        ...refusals(
          'product.invalid_id',
          'product.not_found',
          412,
          'request.unsupported_type',
          'inference.unavailable',
        ),
      },
    },
  },
  '/products/{id}/tags/history': {
    get: {
      operationId: 'readHistory',
      tags: ['Review'],
      ...scope('read'),
      summary: 'Every revision, newest first',
      parameters: [productId, ...page],
      responses: {
        200: json(historyPageSchema, 'A page of revisions.', {}, ['history']),
        ...refusals('product.invalid_id', 'product.not_found'),
      },
    },
  },
};
