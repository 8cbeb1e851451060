/** The service with its model on an endpoint that is not there, then there, then another one: known by HTTP alone. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ClipContainer, clipContainer } from '../adapters/inference/sagemaker/clip-container.ts';
import { longRuns } from '../long-runs.ts';
import type { Container } from '../rings/sagemaker-container.ts';
import { type Door, startDoor } from '../rings/sagemaker-door.ts';
import { type OwnDatabase, ownDatabase } from './own-database.ts';
import { type Service, startService } from './service.ts';

const credentials = { accessKeyId: 'AKIDSTANDIN', secretAccessKey: 'a-secret', region: 'eu-test-1' };
const photo = await readFile(path.resolve(import.meta.dirname, '../fixtures/images/tall.jpg'));
const containers: Record<string, Container> = {};
let world: ClipContainer;
let door: Door;
let database: OwnDatabase;
let folder: string;
let service: Service;
let settings: Record<string, string>;

beforeAll(async () => {
  if (!longRuns) return;
  world = clipContainer();
  door = await startDoor({ containers, credentials });
  database = await ownDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-away-'));
  settings = {
    ...door.environment,
    ...database.settings,
    DATA_DIR: folder,
    INFERENCE_BACKEND: 'sagemaker',
    SAGEMAKER_ENDPOINT: 'clip',
  };
  service = await startService(settings);
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await database?.drop();
  await door?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly retryAfter: number;
  readonly body: {
    readonly id: string;
    readonly code?: string;
    readonly detail?: string;
    readonly state?: string;
    readonly attempts?: number;
    readonly error?: { readonly code: string; readonly detail: string } | null;
    readonly checks: Readonly<Record<string, string | null>>;
    readonly captions?: { readonly known: number; readonly total: number };
    readonly provenance: { readonly model: string };
  };
}
async function call(route: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(service.url + route, init);
  const body = (await answer.json()) as Answer['body'];
  return { status: answer.status, retryAfter: Number(answer.headers.get('retry-after')), body };
}
const post = (id: string, more = '') =>
  call(`/products/${id}/tags${more}`, {
    method: 'POST',
    headers: { 'content-type': 'image/jpeg' },
    body: Buffer.concat([photo, Buffer.from(id)]),
  });
const soon = <T>(look: () => Promise<T>) => vi.waitFor(look, { timeout: 60_000, interval: 200 });
let accepted = '';

/** Held work waits for a quarter of a minute: too long for every run. */
describe.skipIf(!longRuns)('an endpoint', () => {
  test('that is not there: said by name, nothing stored, work accepted and held', async () => {
    const ready = await call('/readyz');
    expect([ready.status, ready.body.checks.store]).toEqual([503, null]);
    await soon(async () =>
      expect((await call('/readyz')).body.checks.model).toMatch(/does not exist in this region/),
    );
    const refused = await post('a');
    expect([refused.status, refused.body.code]).toEqual([503, 'inference.unavailable']);
    expect(refused.body.detail).toMatch(
      /not available yet: The endpoint does not exist .* Nothing was stored/,
    );
    expect(refused.retryAfter).toBeGreaterThan(0);
    expect((await call('/products/a/tags')).status).toBe(404);
    expect((await call('/model')).status).toBe(503);
    expect((await call('/taxonomy')).status).toBe(200);
    const later = await post('b', '?async=true');
    expect(later.status).toBe(202);
    accepted = later.body.id;
    await soon(async () =>
      expect((await call(`/operations/${accepted}`)).body).toMatchObject({
        state: 'queued',
        attempts: 0,
        error: {
          code: 'inference.unavailable',
          detail: expect.stringMatching(/^Held until the model answers/),
        },
      }),
    );
  }, 60_000);

  test('that comes: ready by itself, the work is done, and captions are kept', async () => {
    containers.clip = world.container;
    await soon(async () => expect((await call('/readyz')).status).toBe(200));
    const done = await soon(async () => {
      const operation = await call(`/operations/${accepted}`);
      expect(operation.body.state).toBe('done');
      return operation;
    });
    expect(done.body.attempts).toBe(1);
    expect((await call('/products/b/tags')).body.provenance.model).toMatch(/^model-first@/);
    const total = await soon(async () => {
      const { captions } = (await call('/readyz')).body;
      expect(captions?.known).toBe(captions?.total ?? 'all');
      return captions!.total;
    });
    expect(total).toBe(world.texts.reduce((sum, texts) => sum + texts, 0));
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toContain(`hangtag_captions{state="known"} ${total}`);
    expect(metrics).toMatch(/hangtag_endpoint_calls_total\{result="ok"\} \d{2,}/);
    expect(metrics).toMatch(/hangtag_endpoint_calls_total\{result="failed"\} [1-9]/);
    expect(metrics).toContain('hangtag_endpoint_circuit{state="closed"} 1');
  }, 90_000);

  test('with another model since: opened anew, while people’s words are taken', async () => {
    world.served = 'second';
    const refused = await post('c');
    expect([refused.status, refused.body.code]).toEqual([503, 'inference.unavailable']);
    const review = await call('/products/b/tags', {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ set: { color: ['navy'] } }),
    });
    expect(review.status).toBe(200);
    await soon(async () => expect((await post('c')).status).toBe(200));
    expect((await call('/products/c/tags')).body.provenance.model).toMatch(/^model-second@/);
  }, 60_000);

  test('with a model that is not the pinned one is not used; a restart asks for no caption twice', async () => {
    expect(await service.stop()).toBe(0);
    const texts = world.texts.length;
    service = await startService({ ...settings, MODEL_FINGERPRINT: '0123456789ab' });
    await soon(async () =>
      expect((await call('/readyz')).body.checks.model).toMatch(/but MODEL_FINGERPRINT is 0123456789ab/),
    );
    expect((await post('d')).status).toBe(503);
    expect(await service.stop()).toBe(0);
    world.served = 'first';
    service = await startService(settings);
    await soon(async () => expect((await call('/readyz')).body.captions?.known).toBeGreaterThan(17_000));
    expect(world.texts.slice(texts)).toEqual([]);
    // Busy with its start it may refuse for a moment.
    await soon(async () => expect((await post('d')).status).toBe(200));
  }, 90_000);
});
