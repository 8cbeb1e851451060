/** `/admin/imports`: whole catalogues, a line a product. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ImportCall, ImportCalls } from '../../application/import-calls.ts';
import type { Import } from '../../application/ports-imports.ts';
import { importLimits } from '../../application/split-lines.ts';
import { HangtagError } from '../../domain/errors.ts';
import type { ImageReference } from '../../domain/image-reference.ts';
import { withDeadline } from '../cancellation.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { repeatableCall } from '../idempotency-key.ts';
import { arriving, type LongBody } from '../long-body.ts';
import { pageFields } from '../page-query.ts';
import { malformed, problemsOf } from '../tag-query.ts';
import { answerThenDrain } from '../unread-body.ts';
import { importSourceSchema, wireImport } from '../wire-imports.ts';

export const linesType = 'application/x-ndjson';
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** Stands for a body that is read as it arrives. */
const unread = {};
/** A batch of lines with its copies on the way to the store. */
const longBody: LongBody = { largest: importLimits.totalBytes, held: 8 * 2 ** 20 };

const postQuery = z.strictObject({
  dryRun: z
    .enum(['true', 'false'], 'must be true or false')
    .transform((text) => text === 'true')
    .default(false),
});
const pageQuery = z.strictObject(pageFields);
const listed = z.strictObject({ created: z.int().min(0), id: z.uuid() });
const failed = z.strictObject({ line: z.int().min(1) });

interface WithId {
  readonly Params: { readonly id: string };
}

/** `silenceMs`: how long a body may stand still. */
export async function importRoutes(
  app: FastifyInstance,
  imports: ImportCalls,
  { silenceMs }: { readonly silenceMs: number },
): Promise<void> {
  // In a scope of its own, so that no other route takes lines.
  await app.register(async (scope) => {
    scope.addContentTypeParser(linesType, (_request, _payload, done) => done(null, unread));

    scope.post('/admin/imports', { config: { scope: 'admin', longBody } }, async (request, reply) => {
      const { dryRun } = parsed(postQuery, request.query);
      const key = repeatableCall(request, '');
      const call = key && { scope: key.scope, key: key.key };
      const found = await accepted(imports, request, reply, { dryRun, call, silenceMs });
      const answer = wireImport(found);
      reply.code(202).header('location', `/admin/imports/${found.id}`).header('cache-control', 'no-store');
      if (request.raw.complete) return reply.send(answer);
      // The same key again: what it was the first time is known without reading it.
      const text = JSON.stringify(answer);
      reply.type('application/json; charset=utf-8').header('connection', 'close');
      return reply
        .header('content-length', String(Buffer.byteLength(text)))
        .send(answerThenDrain(text, request.raw));
    });
  });

  app.get('/admin/imports', { config: { scope: 'admin' } }, async (request, reply) => {
    const { limit, cursor } = parsed(pageQuery, request.query);
    const after = cursor === undefined ? null : readCursor(cursor, 'imports', listed);
    const { items, next } = await imports.list(limit, after);
    reply.header('cache-control', 'no-store');
    return { items: items.map(wireImport), next: writeCursor(next, 'imports') };
  });

  app.get<WithId>('/admin/imports/:id', { config: { scope: 'admin' } }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    return wireImport(await imports.read(idOf(request.params.id)));
  });

  app.get<WithId>('/admin/imports/:id/failures', { config: { scope: 'admin' } }, async (request, reply) => {
    const id = idOf(request.params.id);
    const { limit, cursor } = parsed(pageQuery, request.query);
    reply.header('cache-control', 'no-store');
    if (wantsLines(request.headers.accept)) {
      const bodies = await imports.failedBodies(id);
      return reply.type(linesType).send(Readable.from(bodies, { objectMode: false }));
    }
    const list = `import failures ${id}`;
    const after = cursor === undefined ? 0 : readCursor(cursor, list, failed).line;
    const { items, next } = await imports.failures(id, limit, after);
    return { items, next: writeCursor(next === null ? null : { line: next }, list) };
  });

  for (const verb of ['pause', 'resume', 'cancel'] as const) {
    app.post<WithId>(`/admin/imports/:id/${verb}`, { config: { scope: 'admin' } }, async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return wireImport(await imports[verb](idOf(request.params.id)));
    });
  }
}

async function accepted(
  imports: ImportCalls,
  request: FastifyRequest,
  reply: FastifyReply,
  how: { readonly dryRun: boolean; readonly call: ImportCall; readonly silenceMs: number },
): Promise<Import> {
  const { dryRun, call, silenceMs } = how;
  if (request.body === unread)
    return imports.receive(arriving(request.raw, reply.raw, silenceMs), dryRun, call);
  if (request.isMultipart() || request.body === undefined || request.body === null) {
    const detail = `Send lines as ${linesType}, or {"url":"…"} or {"s3":"…"} as application/json.`;
    throw new HangtagError('request.unsupported_type', detail);
  }
  const source = parsed(importSourceSchema, request.body, '');
  const reference: ImageReference =
    'url' in source ? { kind: 'url', url: source.url } : { kind: 's3', uri: source.s3 };
  return withDeadline(reply, silenceMs, () => imports.name(reference, dryRun, call));
}

function parsed<T>(shape: z.ZodType<T>, value: unknown, root = 'query'): T {
  const found = shape.safeParse(value);
  if (!found.success) throw malformed(problemsOf(found.error, root));
  return found.data;
}

function idOf(text: string): string {
  if (!uuid.test(text)) throw new HangtagError('import.not_found', 'An import’s id is a UUID.');
  return text.toLowerCase();
}

/** Lines are given to whoever asks for them by name. */
function wantsLines(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some((type) => type.split(';')[0]?.trim().toLowerCase() === linesType);
}
