/** Services that behave: they remember what they were asked and answer a small TagSet. */
import path from 'node:path';
import { pino } from 'pino';
import { createFileTaxonomySource } from '../../src/adapters/taxonomy/files.ts';
import type { Operation } from '../../src/application/ports-work.ts';
import type { ReceiveEvent } from '../../src/application/receive-event.ts';
import type { RepeatableCall, Services, TagRequest } from '../../src/application/tag-request.ts';
import { HangtagError } from '../../src/domain/errors.ts';
import { notFailed, operationNotFound } from '../../src/domain/operations.ts';
import type { ReviewWords } from '../../src/domain/review/types.ts';
import type { Decision, TagSet } from '../../src/domain/tagging/types.ts';
import { type AppLimits, type AppOptions, buildApp } from '../../src/http/app.ts';
import { createFakeImports, type FakeImports } from './fake-imports.ts';
import { fakeMeanings } from './fake-meanings.ts';
import { fakeOutgoing } from './fake-outgoing.ts';

const root = path.resolve(import.meta.dirname, '../..');
const taxonomy = await createFileTaxonomySource({
  directory: path.join(root, 'taxonomy'),
  calibrationDirectory: path.join(root, 'calibration'),
}).load();

const decision = (id: string, confidence: number | null): Decision => ({
  status: 'accepted',
  source: confidence === null ? 'human' : 'model',
  values: [{ id, name: id, confidence }],
  threshold: 0.5,
  candidates: [],
  rejected: [],
  reviewed: null,
});

export function sampleTagSet(productId: string): TagSet {
  return {
    productId,
    revision: 3,
    title: null,
    category: {
      ...decision('t-shirt', 0.93),
      values: [{ id: 't-shirt', name: 'T-shirt', path: ['clothing', 'tops', 't-shirt'], confidence: 0.93 }],
    },
    attributes: {
      color: {
        ...decision('navy', 0.71),
        values: [
          { id: 'navy', name: 'Navy', confidence: 0.71 },
          { id: 'white', name: 'White', confidence: 0.2 },
        ],
      },
      neckline: decision('crew', null),
      fit: {
        ...decision('slim', 0.4),
        status: 'suggested',
        candidates: [{ id: 'relaxed', name: 'Relaxed', confidence: 0.45 }],
      },
    },
    variants: [
      {
        key: 'b',
        images: [0],
        attributes: { pattern: decision('striped', 0.8), color: decision('navy', 0.9) },
      },
    ],
    images: [],
    provenance: {
      backend: 'bundled',
      model: 'm@1',
      taxonomy: 't@1',
      taxonomyHash: 'x',
      calibration: null,
      notSupported: [],
      taggedAt: 'now',
    },
    warnings: [],
  };
}

export function sampleOperation(productId: string): Operation {
  return {
    id: '0b9ca3f4-4a44-4c51-8a4e-0f5f6c1f1a11',
    productId,
    state: 'queued',
    revision: null,
    error: null,
    attempts: 0,
    createdAt: '2026-11-23T09:00:00.000Z',
    updatedAt: '2026-11-23T09:00:00.000Z',
  };
}

export interface World {
  readonly app: Awaited<ReturnType<typeof buildApp>>;
  readonly asked: TagRequest[];
  /** Runs instead of the usual answer, where set. */
  behave: ((request: TagRequest, signal: AbortSignal) => Promise<TagSet>) | null;
  ready: Record<string, string | null>;
  readonly reviewed: [string, ReviewWords, readonly number[] | null][];
  readonly listed: unknown[];
  readonly deleted: string[];
  readonly calls: (RepeatableCall | null)[];
  readonly accepted: [TagRequest, RepeatableCall | null][];
  /** What takes events on, where set. */
  receive: ReceiveEvent | null;
  readonly lines: string[];
  readonly imports: FakeImports;
}

export async function createWorld(
  limits: Partial<AppLimits> = {},
  options: Partial<Pick<AppOptions, 'keys' | 'lag' | 'log' | 'metrics'>> = {},
): Promise<World> {
  const lines: string[] = [];
  const world = {
    asked: [] as TagRequest[],
    calls: [] as World['calls'],
    accepted: [] as World['accepted'],
    reviewed: [] as World['reviewed'],
    listed: [] as unknown[],
    deleted: [] as string[],
    behave: null as World['behave'],
    ready: { store: null } as World['ready'],
    receive: null as World['receive'],
    lines,
    imports: createFakeImports(),
  };
  const services: Services = {
    taxonomy: () => taxonomy,
    ...fakeMeanings,
    outgoing: fakeOutgoing,
    async tagProduct(request, signal, call) {
      world.asked.push(request);
      world.calls.push(call ?? null);
      if (world.behave) return world.behave(request, signal);
      const faults = request.images
        .map((image) => image.content)
        .filter((content) => content instanceof HangtagError);
      if (faults.length === request.images.length) throw faults[0]!;
      return sampleTagSet(request.productId);
    },
    async acceptTagging(request, _signal, call) {
      world.accepted.push([request, call ?? null]);
      return sampleOperation(request.productId);
    },
    async readOperation(id) {
      if (id !== sampleOperation('sku').id) throw new HangtagError('operation.not_found', 'There is none.');
      return sampleOperation('sku');
    },
    async readTags(id) {
      if (id === 'unknown')
        throw new HangtagError('product.not_found', 'No product with this id has been tagged.');
      if (id === 'broken') throw new TypeError('a bug with a secret in it');
      return sampleTagSet(id);
    },
    async reviewTags(id, words, ifRevisions) {
      world.reviewed.push([id, words, ifRevisions]);
      if (id === 'unknown')
        throw new HangtagError('product.not_found', 'No product with this id has been tagged.');
      if (ifRevisions && !ifRevisions.includes(3))
        throw new HangtagError('revision.conflict', 'It is at revision 3.', { revision: 3 });
      return sampleTagSet(id);
    },
    async readHistory(id, limit, before) {
      world.listed.push([id, limit, before]);
      if (id === 'unknown')
        throw new HangtagError('product.not_found', 'No product with this id has been tagged.');
      const tagSet = sampleTagSet(id);
      return { items: [{ revision: 3, tagSet, cause: 'review', at: 'now' }], next: before === 3 ? null : 3 };
    },
    async listProducts(question) {
      world.listed.push(question);
      const next = { key: question.sort === 'updated' ? 1e15 + 1 : 0.25, productId: 'gid://ä', asOf: 2 };
      return { items: [sampleTagSet('one')], next: question.after ? null : next };
    },
    imports: world.imports.calls,
    async deleteProduct(id) {
      world.deleted.push(id);
    },
    async listFailures(limit, after) {
      world.listed.push([limit, after]);
      const { id, productId, createdAt, updatedAt: failedAt } = sampleOperation('failed');
      const error = { code: 'image.unreadable', detail: 'It is torn.' } as const;
      const item = { id, source: 'requests', productId, error, attempts: 1, createdAt, failedAt } as const;
      return { items: [item], next: after ? null : { key: 1e15 + 1, id } };
    },
    async retryFailure(id) {
      if (id === '11111111-1111-1111-1111-111111111111') throw notFailed('done');
      if (id !== sampleOperation('failed').id) throw operationNotFound();
      return sampleOperation('failed');
    },
    async restoreProduct(id) {
      if (id === 'unknown') throw new HangtagError('product.not_found', 'There is nothing to restore.');
      return sampleTagSet(id);
    },
    receives: () => world.receive !== null,
    async receiveEvent(sender, headers, body) {
      if (!world.receive) throw new HangtagError('request.not_found', 'Nothing is received here.');
      return world.receive(sender, headers, body);
    },
    describeModel: () => ({
      card: {
        backend: 'bundled',
        id: 'm',
        fingerprint: '1',
        license: 'Apache-2.0',
        dim: 2,
        input: { size: 8, fit: 'squash', kernel: 'cubic' },
        refuses: ['much'],
      },
      calibration: null,
      category: { supported: true, calibrated: false, threshold: 0.5, precision: null, coverage: null },
      attributes: {
        color: { supported: true, calibrated: false, threshold: 0.3, precision: null, coverage: null },
      },
    }),
    readiness: async () => ({ checks: world.ready, captions: null }),
  };
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const app = await buildApp({
    services,
    log,
    limits: { requestTimeoutMs: 5000, ...limits },
    keys: null,
    ...options,
  });
  return Object.assign(world, { app });
}

export interface Part {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly filename?: string;
}

/** A multipart body by hand, so that tests can break it. */
export function form(parts: readonly Part[], boundary = 'xyzzy') {
  const pieces = parts.flatMap(({ name, content, filename }) => [
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n\r\n`,
    ),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  return {
    payload: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
    headers: { host: 'localhost', 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}

export const photo = (content: string | Uint8Array = 'pixels'): Part => ({
  name: 'image',
  content,
  filename: 'a.jpg',
});
