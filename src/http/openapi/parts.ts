/** What every described call is made of: schemas as references, refusals by status, parameters. */
import { z } from 'zod';
import type { RouteScope } from '../access/scopes.ts';
import { statusOf } from '../error-response.ts';
import { problemSchema } from '../wire-schemas.ts';

export type Json = { [key: string]: unknown };

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

export const json = (schema: z.ZodType, description: string, headers?: Json): Json => ({
  description,
  content: { 'application/json': { schema: reference(schema) } },
  ...(headers ? { headers } : {}),
});

export const text = (description: string): Json => ({ description, schema: { type: 'string' } });

/** Refusals by status, each naming its codes. Every call may answer 400, 401, 403, 413 (announced), 429, 500, 503. */
export function refusals(...statuses: number[]): Json {
  const all = [...new Set([400, 401, 403, 413, 429, 500, 503, ...statuses])].sort((a, b) => a - b);
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

export const etag = { ETag: text('"<revision>"') };
export const productId: Json = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'The product’s id, URL-encoded: 1 to 256 characters, no control characters.',
  schema: { type: 'string', minLength: 1 },
};
export const query = (name: string, description: string, schema: Json): Json => ({
  name,
  in: 'query',
  description,
  schema,
});
export const flag = (initial: boolean): Json => ({ type: 'boolean', default: initial });

/** What a call asks of a key, in words and for programs. */
export const scope = (name: RouteScope): Json => ({
  'x-scope': name,
  ...(name === 'none' ? { security: [{}] } : {}),
});

export const page = [
  query('limit', 'Items a page.', { type: 'integer', minimum: 1, maximum: 200, default: 50 }),
  query('cursor', 'The `next` of the page before. Opaque.', { type: 'string' }),
];
