import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OwnDatabase, ownDatabase } from './own-database.ts';
import { type Service, startService } from './service.ts';

/** A drawn T-shirt, navy on white: see test/fixtures/images. */
const picture = await readFile(path.resolve(import.meta.dirname, '../fixtures/images/tall.jpg'));
/** As much of the wire as these tests read by hand. */
type Answer = { category: object; attributes: Record<string, { status: string }> };
let folder: string;
let service: Service;
let database: OwnDatabase;
const settings = () => ({
  DATA_DIR: folder,
  ...database.settings,
});

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-'));
  database = await ownDatabase();
  service = await startService(settings(), [], true);
});
afterAll(async () => {
  await service.stop('SIGKILL');
  await rm(folder, { recursive: true, force: true });
  await database.drop();
});

const multipart = (...files: Uint8Array[]) => {
  const form = new FormData();
  for (const file of files) form.append('image', new Blob([new Uint8Array(file)]), 'a.jpg');
  return form;
};

describe('a first user', () => {
  test('tags a product, reads it back, and gets the same after a restart', async () => {
    const answer = await fetch(`${service.url}/products/sku-1/tags`, {
      method: 'POST',
      body: multipart(picture),
    });
    expect(answer.status).toBe(200);
    const tagSet = (await answer.json()) as Answer;
    expect(tagSet).toMatchObject({
      apiVersion: 1,
      productId: 'sku-1',
      revision: 1,
      images: [{ index: 0, status: 'ok', width: 400, height: 533 }],
      provenance: { backend: 'bundled', taxonomy: 'retail-visual-attributes@1.0.0' },
    });
    expect(tagSet.attributes.color?.status).toBe('accepted');
    const read = await fetch(`${service.url}/products/sku-1/tags`);
    expect(read.headers.get('etag')).toBe('"1"');
    expect(await read.json()).toEqual(tagSet);
    expect(await service.stop()).toBe(0);
    expect(service.log()).toContain('stopped');
    service = await startService(settings());
    expect(await (await fetch(`${service.url}/products/sku-1/tags`)).json()).toEqual(tagSet);
  });

  test('raw bodies and base64 give the same decision', async () => {
    const raw = await fetch(`${service.url}/products/raw/tags`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body: picture,
    });
    const json = await fetch(`${service.url}/products/json/tags`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ images: [{ base64: picture.toString('base64') }] }),
    });
    const [a, b] = [(await raw.json()) as Answer, (await json.json()) as Answer];
    expect(raw.status).toBe(200);
    expect(a.attributes).toEqual(b.attributes);
    expect(a.category).toEqual(b.category);
  });

  test('what is broken says so and leaves the service well', async () => {
    const answer = await fetch(`${service.url}/products/bad/tags`, {
      method: 'POST',
      body: multipart(Buffer.from('<svg/>')),
    });
    expect(answer.status).toBe(415);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ code: 'image.unsupported_type', status: 415 });
    expect((await fetch(`${service.url}/products/bad/tags`)).status).toBe(404);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
  });

  test('says what it can and what it refuses', async () => {
    const model = (await (await fetch(`${service.url}/model`)).json()) as { refuses: string[] };
    expect(model).toMatchObject({
      backend: 'bundled',
      attributes: { color: { supported: true }, neckline: { supported: false } },
    });
    expect(model.refuses.length).toBeGreaterThan(0);
    const attribute = await (await fetch(`${service.url}/taxonomy/attributes/neckline`)).json();
    expect(attribute).toMatchObject({ id: 'neckline' });
  });
});

describe('a start that cannot succeed', () => {
  test('lists everything that is wrong with the settings', async () => {
    const failed = startService({
      PORT: 'http',
      LOG_LEVEL: 'loud',
      HOST: '0.0.0.0',
      DATABASE_URL: 'mysql://x',
    });
    const error = await failed.then(
      () => new Error('it started'),
      (thrown: Error) => thrown,
    );
    for (const part of ['code 1', 'PORT', 'LOG_LEVEL', 'HOST', 'DATABASE_URL'])
      expect(error.message).toContain(part);
  });

  test.skipIf(process.env.TEST_DATABASE_URL)(
    'refuses a data directory that another process holds',
    async () => {
      await expect(startService(settings())).rejects.toThrow(/in use by/);
    },
  );
});
