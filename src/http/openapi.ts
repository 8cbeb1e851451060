/** The OpenAPI 3.1 document, assembled from the wire's schemas. `docs/openapi.json` is its committed copy; a test compares them. */
import { z } from 'zod';
import { statusOf } from './error-response.ts';
import { jsonBody } from './json-body.ts';
import { imageTypes } from './routes/tag-product.ts';
import {
  attributeSchema,
  healthSchema,
  modelSchema,
  problemSchema,
  readinessSchema,
  tagSetSchema,
  taxonomySchema,
} from './wire-schemas.ts';

type Json = { [key: string]: unknown };

const components: Json = {};

/** A schema as a reference into `components`, which collects every named part on the way. */
function reference(schema: z.ZodType): Json {
  const { $schema: _, $defs, ...root } = z.toJSONSchema(schema, { target: 'draft-2020-12' }) as Json;
  for (const [name, part] of Object.entries(($defs ?? {}) as Json)) components[name] = moved(part);
  return moved(root) as Json;
}

/** `#/$defs/X` -> `#/components/schemas/X`, everywhere inside; integer bounds that only say "safe integer" go. */
function moved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(moved);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if ((key === 'maximum' || key === 'minimum') && Math.abs(inner as number) === Number.MAX_SAFE_INTEGER)
        return [];
      if (key === '$ref') return [[key, String(inner).replace('#/$defs/', '#/components/schemas/')]];
      return [[key, moved(inner)]];
    }),
  );
}

const json = (schema: z.ZodType, description: string, headers?: Json): Json => ({
  description,
  content: { 'application/json': { schema: reference(schema) } },
  ...(headers ? { headers } : {}),
});

const text = (description: string): Json => ({ description, schema: { type: 'string' } });

/** Refusals by status, each naming its codes. Every call may answer 400, 401, 403, 429, 500 and 503. */
function refusals(...statuses: number[]): Json {
  const all = [...new Set([400, 401, 403, 429, 500, 503, ...statuses])].sort((a, b) => a - b);
  return Object.fromEntries(
    all.map((status) => {
      const codes = Object.entries(statusOf).filter(([, value]) => value === status);
      const description = codes.map(([code]) => `\`${code}\``).join(', ');
      const headers = status === 503 || status === 429 ? { 'Retry-After': text('Seconds.') } : undefined;
      const content = { 'application/problem+json': { schema: reference(problemSchema) } };
      return [String(status), { description, content, ...(headers ? { headers } : {}) }];
    }),
  );
}

const etag = { ETag: text('"<revision>"') };
const productId: Json = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'The product’s id, URL-encoded: 1 to 256 characters, no control characters.',
  schema: { type: 'string', minLength: 1 },
};
const query = (name: string, description: string, schema: Json): Json => ({
  name,
  in: 'query',
  description,
  schema,
});
const flag = (initial: boolean): Json => ({ type: 'boolean', default: initial });

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
];

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
      'application/json': { schema: reference(jsonBody) },
      ...Object.fromEntries(imageTypes.map((type) => [type, raw])),
    },
  };
}

export function openApiDocument(): Json {
  const attributeId = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
  const paths = {
    '/products/{id}/tags': {
      post: {
        operationId: 'tagProduct',
        summary: 'Tag a product from its images, and store the answer',
        parameters: [productId, ...tagQuery],
        requestBody: tagBody(),
        responses: { 200: json(tagSetSchema, 'The TagSet.', etag), ...refusals(413, 415, 422, 501, 504) },
      },
      get: {
        operationId: 'readTags',
        summary: 'The current TagSet',
        parameters: [productId],
        responses: { 200: json(tagSetSchema, 'The TagSet.', etag), ...refusals(404) },
      },
    },
    '/taxonomy': {
      get: {
        operationId: 'readTaxonomy',
        summary: 'The active taxonomy',
        responses: {
          200: json(taxonomySchema, 'The taxonomy.'),
          304: { description: 'Not modified.' },
          ...refusals(),
        },
      },
    },
    '/taxonomy/attributes/{id}': {
      get: {
        operationId: 'readAttribute',
        summary: 'One attribute with its values',
        parameters: [attributeId],
        responses: { 200: json(attributeSchema, 'The attribute.'), ...refusals(404) },
      },
    },
    '/model': {
      get: {
        operationId: 'readModel',
        summary: 'What the active model is, can, and refuses',
        responses: { 200: json(modelSchema, 'The model.'), ...refusals() },
      },
    },
    '/healthz': {
      get: {
        operationId: 'health',
        summary: 'The process answers',
        responses: { 200: json(healthSchema, 'Alive.'), ...refusals() },
      },
    },
    '/readyz': {
      get: {
        operationId: 'readiness',
        summary: 'It can tag, right now',
        responses: {
          ...refusals(),
          200: json(readinessSchema, 'Ready.'),
          503: json(readinessSchema, 'Not ready.'),
        },
      },
    },
  };
  const info = {
    title: 'hangtag',
    version: '1',
    description:
      'Product photos in, structured attributes out. Names, shapes and codes are stable; fields may be added, enums are open.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  };
  const securitySchemes = {
    bearer: { type: 'http', scheme: 'bearer', description: 'ht_<id>_<secret>' },
    header: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'ht_<id>_<secret>' },
  };
  // The last: no key, where the service is open on loopback.
  const security = [{ bearer: [] }, { header: [] }, {}];
  const sorted = Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { openapi: '3.1.0', info, paths, security, components: { schemas: sorted, securitySchemes } };
}
