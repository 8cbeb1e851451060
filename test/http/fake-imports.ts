/** Imports that behave: bodies are read to their end, and what was asked is remembered. */
import type { ImportCall, ImportCalls } from '../../src/application/import-calls.ts';
import type { FailedLine, Import, ImportState } from '../../src/application/ports-imports.ts';
import { HangtagError } from '../../src/domain/errors.ts';

export const sampleImport: Import = {
  id: '5a3c7d52-7d1d-4a53-9a3c-2f9f6f1c2d10',
  state: 'running',
  dryRun: false,
  source: { kind: 'body' },
  plan: {
    total: 5,
    invalid: 1,
    repeated: 1,
    images: 12,
    estimate: { inferences: 10, seconds: null },
  },
  progress: { done: 3, changed: 1, unchanged: 1, failed: 1, ratePerSecond: 2.5, etaSeconds: 0.8 },
  error: null,
  createdAt: '2026-11-23T09:00:00.000Z',
  updatedAt: '2026-11-23T09:00:01.000Z',
  finishedAt: null,
};

export const sampleFailures: readonly FailedLine[] = [
  {
    line: 2,
    productId: null,
    code: 'request.malformed',
    detail: 'This is not JSON.',
    errors: [{ code: 'request.malformed', detail: 'This is not JSON.', pointer: '' }],
  },
  { line: 4, productId: 'sku-4', code: 'image.fetch_failed', detail: 'It is gone.', errors: [] },
];

export interface FakeImports {
  readonly calls: ImportCalls;
  /** Bodies as they were read, or what was named. */
  readonly received: { readonly source: string; readonly dryRun: boolean; readonly call: ImportCall }[];
  readonly asked: unknown[];
  /** Given for a key that was used before: its body is not read. */
  known: Import | null;
}

export function createFakeImports(): FakeImports {
  const fake: FakeImports = { calls: null as never, received: [], asked: [], known: null };
  const found = (id: string, state: ImportState = 'running') => {
    if (id !== sampleImport.id) throw new HangtagError('import.not_found', 'There is none.');
    return { ...sampleImport, state };
  };
  const calls: ImportCalls = {
    async receive(body, dryRun, call) {
      if (fake.known) return fake.known;
      const parts: Uint8Array[] = [];
      for await (const part of body) parts.push(part);
      fake.received.push({ source: Buffer.concat(parts).toString(), dryRun, call });
      return { ...sampleImport, dryRun, state: 'planning' };
    },
    async name(source, dryRun, call) {
      fake.received.push({ source: JSON.stringify(source), dryRun, call });
      return { ...sampleImport, source, dryRun, state: 'receiving' };
    },
    read: async (id) => found(id),
    async list(limit, after) {
      fake.asked.push([limit, after]);
      const next = after ? null : { created: 1e15, id: sampleImport.id };
      return { items: [sampleImport], next };
    },
    async failures(id, limit, after) {
      fake.asked.push([id, limit, after]);
      found(id);
      return { items: sampleFailures, next: after === 0 ? 4 : null };
    },
    async failedBodies(id) {
      found(id);
      async function* lines() {
        yield '{"productId":"sku-4"}\n';
        yield 'not json\n';
      }
      return lines();
    },
    pause: async (id) => found(id, 'paused'),
    resume: async (id) => found(id, 'running'),
    async cancel(id) {
      fake.asked.push('cancel');
      if (fake.asked.filter((one) => one === 'cancel').length > 1)
        throw new HangtagError('job.conflict', 'The import is finished: it cannot be cancelled.');
      return found(id, 'cancelled');
    },
  };
  return Object.assign(fake, { calls });
}
