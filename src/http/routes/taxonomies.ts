/** `/admin/taxonomies`: versions of the taxonomy, taken in, compared and made active. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Services } from '../../application/tag-request.ts';
import { HangtagError } from '../../domain/errors.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { pageFields } from '../page-query.ts';
import { malformed, problemsOf } from '../tag-query.ts';
import { taxonomyUpload } from '../wire-meanings.ts';

const admin = { config: { scope: 'admin' } } as const;
const uploadQuery = z.strictObject({
  store: z
    .enum(['true', 'false'], 'must be true or false')
    .transform((text) => text === 'true')
    .default(true),
});
export const listQuery = z.strictObject(pageFields);
export const position = z.strictObject({ after: z.string().min(1).max(200) });
const list = 'taxonomies';

export function taxonomiesRoutes(app: FastifyInstance, services: Services): void {
  app.get('/admin/taxonomies', admin, async (request, reply) => {
    const parsed = listQuery.safeParse(request.query);
    if (!parsed.success) throw malformed(problemsOf(parsed.error, 'query'));
    const { limit, cursor } = parsed.data;
    const after = cursor === undefined ? null : readCursor(cursor, list, position).after;
    const { items, next } = await services.taxonomies.list(limit, after);
    reply.header('cache-control', 'no-cache');
    return { items, next: writeCursor(next === null ? null : { after: next }, list) };
  });

  app.post('/admin/taxonomies', admin, async (request, reply) => {
    const query = uploadQuery.safeParse(request.query);
    if (!query.success) throw malformed(problemsOf(query.error, 'query'));
    const { files } = readUpload(request.body);
    const { created, taxonomy } = await services.taxonomies.add(files, query.data.store);
    if (created) reply.code(201).header('location', `/admin/taxonomies/${taxonomy.version}`);
    return taxonomy;
  });

  app.get<{ Params: { version: string } }>('/admin/taxonomies/:version', admin, async ({ params }, reply) => {
    reply.header('cache-control', 'no-cache');
    return services.taxonomies.read(versionOf(params.version));
  });

  app.post<{ Params: { version: string } }>(
    '/admin/taxonomies/:version/activate',
    admin,
    async ({ params }, reply) => {
      const taxonomy = await services.taxonomies.activate(versionOf(params.version));
      if (taxonomy.state !== 'active')
        reply.code(202).header('location', `/admin/taxonomies/${taxonomy.version}`);
      return taxonomy;
    },
  );
}

function readUpload(body: unknown) {
  const parsed = taxonomyUpload.safeParse(Buffer.isBuffer(body) ? null : (body ?? null));
  if (!parsed.success) throw malformed(problemsOf(parsed.error, ''));
  return parsed.data;
}

/** Anything else would never have been stored, and could not be asked for. */
function versionOf(text: string): string {
  if (/^[\d.]{1,50}$/.test(text)) return text;
  throw new HangtagError('taxonomy.not_found', 'There is no taxonomy with this version.');
}
