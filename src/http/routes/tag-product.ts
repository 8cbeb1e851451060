/** `POST /products/:id/tags`: the last place that knows HTTP before the use-case takes over. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Services } from '../../application/tag-request.ts';
import { withDeadline } from '../cancellation.ts';
import { repeatableCall } from '../idempotency-key.ts';
import { readJson } from '../json-body.ts';
import { readMultipart } from '../multipart-body.ts';
import { productId } from '../product-id.ts';
import { maxImageBytes, missing, type TagBody } from '../tag-fields.ts';
import { parseTagQuery } from '../tag-query.ts';
import { wireTagSet } from '../wire-tag-set.ts';

export const imageTypes = ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'].map((name) => `image/${name}`);

export interface TagProductLimits {
  /** Milliseconds for one request, receiving included. */
  readonly requestTimeoutMs: number;
  /** Bytes of one request, at most. */
  readonly requestBytes: number;
}

export function tagProductRoute(app: FastifyInstance, services: Services, limits: TagProductLimits): void {
  app.addContentTypeParser(
    imageTypes,
    { parseAs: 'buffer', bodyLimit: maxImageBytes },
    (_request, body, done) => {
      done(null, body);
    },
  );

  app.post<{ Params: { id: string } }>(
    '/products/:id/tags',
    { config: { scope: 'tag' } },
    async (request, reply) => {
      const id = productId(request.params.id);
      const { minConfidence, async: later, ...query } = parseTagQuery(request.query, services.taxonomy());
      const call = repeatableCall(request, `minConfidence=${minConfidence}`);
      const read = async () => {
        const body = await readBody(request, limits.requestBytes);
        return { productId: id, ...query, ...body, category: body.category ?? query.category };
      };
      reply.header('cache-control', 'no-store');
      if (later) {
        const operation = await withDeadline(reply, limits.requestTimeoutMs, async (signal) =>
          services.acceptTagging(await read(), signal, call),
        );
        return reply.code(202).header('location', `/operations/${operation.id}`).send(operation);
      }
      const tagSet = await withDeadline(reply, limits.requestTimeoutMs, async (signal) =>
        services.tagProduct(await read(), signal, call),
      );
      if (tagSet.revision > 0) reply.header('etag', `"${tagSet.revision}"`);
      return wireTagSet(tagSet, minConfidence);
    },
  );
}

async function readBody(request: FastifyRequest, total: number): Promise<TagBody> {
  if (request.isMultipart()) return readMultipart(request, total);
  if (Buffer.isBuffer(request.body)) {
    if (request.body.length === 0) throw missing();
    return {
      images: [{ content: request.body, view: null, variant: null, ref: null }],
      category: null,
      title: null,
    };
  }
  if (request.body === undefined || request.body === null) throw missing();
  return readJson(request.body);
}
