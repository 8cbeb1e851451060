/** What every described call is made of: schemas as references, refusals by status, parameters. */
import { z } from 'zod';
import type { ErrorCode } from '../../domain/errors.ts';
import type { RouteScope } from '../access/scopes.ts';
import { statusOf } from '../error-response.ts';
import { problemSchema } from '../wire-schemas.ts';
import { type ExampleName, examplesOf } from './examples.ts';
import type { Json } from './json.ts';

export type { Json };

/** Named schemas, collected while the calls are described. */
export const components: Json = {};

/** A schema as a reference into `components`, which collects every named part on the way. */
export function reference(schema: z.ZodType, io: 'input' | 'output' = 'output'): Json {
  const { $schema: _, $defs, ...root } = z.toJSONSchema(schema, { target: 'draft-2020-12', io }) as Json;
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

export const json = (
  schema: z.ZodType,
  description: string,
  headers: Json = {},
  shown: readonly ExampleName[] = [],
): Json => ({
  description,
  content: { 'application/json': { schema: reference(schema), ...examplesOf(shown) } },
  ...(Object.keys(headers).length > 0 ? { headers } : {}),
});

export const text = (description: string): Json => ({ description, schema: { type: 'string' } });

/** What any call may be answered. A 413 is told from what the caller announces, whether the call has a use for a body or not. */
const always: readonly ErrorCode[] = [
  'request.malformed',
  'request.cross_site',
  'request.too_large',
  'request.rate_limited',
  'access.unauthenticated',
  'access.forbidden',
  'store.unavailable',
  'service.overloaded',
  'service.internal',
];

/** Refusals by status, each with its codes and what they look like; beside `always`, the named ones. A status stands for all its codes. */
export function refusals(...named: (ErrorCode | number)[]): Json {
  const wanted = new Set<ErrorCode | number>([...always, ...named]);
  const codes = (Object.keys(statusOf) as ErrorCode[]).filter(
    (code) => wanted.has(code) || wanted.has(statusOf[code]),
  );
  const statuses = [...new Set(codes.map((code) => statusOf[code]))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const here = codes.filter((code) => statusOf[code] === status);
      const examples = Object.fromEntries(
        here.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
      );
      const content = { 'application/problem+json': { schema: reference(problemSchema), examples } };
      const later = status === 503 || status === 429 || status === 504;
      const headers = later
        ? { 'Retry-After': text('Seconds after which it may be tried again.') }
        : undefined;
      const description = here.map((code) => `\`${code}\``).join(', ');
      return [String(status), { description, content, ...(headers ? { headers } : {}) }];
    }),
  );
}

export const etag = { ETag: text('The revision in quotes, as `"3"`, for `If-Match`.') };
export const productId: Json = {
  name: 'id',
  in: 'path',
  required: true,
  description:
    'The product’s id, yours to choose, URL-encoded: 1 to 256 characters, no control characters, not `.` or `..`.',
  schema: { type: 'string', minLength: 1 },
  example: 'sku-1',
};
export const query = (name: string, description: string, schema: Json): Json => ({
  name,
  in: 'query',
  description,
  schema,
});
export const flag = (initial: boolean): Json => ({ type: 'boolean', default: initial });

/** What a call asks of a key, in words and for programs; and what there is to say of the call. */
export const scope = (name: RouteScope, description = ''): Json => {
  const key = name === 'none' ? 'Needs no key.' : `Needs a key with the scope \`${name}\`.`;
  return {
    'x-scope': name,
    description: description ? `${description}\n\n${key}` : key,
    ...(name === 'none' ? { security: [{}] } : {}),
  };
};

export const page = [
  query('limit', 'Items a page.', { type: 'integer', minimum: 1, maximum: 200, default: 50 }),
  query('cursor', 'The `next` of the page before, with everything else as it was. Opaque.', {
    type: 'string',
  }),
];
