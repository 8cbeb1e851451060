/**
 * The whole service with its model on an endpoint: the AWS SDK, the front door, DJL's Python engine and the handler of
 * deploy/clip. And the same weights in this process by ONNX, which must give the same tags.
 * Needs the served models and their exports: bash test/rings/djl.sh serve -- bash test/rings/served.sh
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { composeOffline } from '../../src/composition.ts';
import { parseConfig } from '../../src/config.ts';
import type { TagSet } from '../../src/domain/tagging/types.ts';
import { createLog } from '../../src/log.ts';
import { type Service, startService } from '../journeys/service.ts';
import { type Door, startDoor } from './sagemaker-door.ts';

const root = path.resolve(import.meta.dirname, '../..');
const { DJL_CLIP_URL: clip = '', DJL_SIGLIP_URL: siglip = '', ONNX_EXPORTS: exports = '' } = process.env;
const photos = path.join(process.env.HANGTAG_PHOTOS ?? path.resolve(root, '../shared/photos'), 'images');
const credentials = { accessKeyId: 'AKIDSTANDIN', secretAccessKey: 'a-secret', region: 'eu-test-1' };

/** What the service's answers hold, of that which is looked at here. */
interface Answer {
  readonly id: string;
  readonly code: string;
  readonly state: string;
  readonly error: { readonly code: string } | null;
  readonly captions?: { readonly known: number; readonly total: number };
  readonly provenance: { readonly backend: string; readonly model: string };
  readonly attributes: Readonly<Record<string, { readonly values: readonly { readonly id: string }[] }>>;
}

let door: Door;
const containers: Record<string, string> = { clip, siglip };
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'hangtag-served-'));
  door = await startDoor({ containers, credentials });
  for (const [name, value] of Object.entries(door.environment)) vi.stubEnv(name, value || undefined);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await door?.close();
  await rm(scratch, { recursive: true, force: true });
});

/** Calls with pictures and with captions since the last look. */
function callsSince(start: number) {
  const calls = door.calls.slice(start);
  return {
    pictures: calls.filter(({ contentType }) => contentType === 'application/octet-stream').length,
    texts: calls.filter(({ contentType, bytes }) => contentType === 'application/json' && bytes > 200).length,
    failed: calls.filter(({ status }) => status !== 200).length,
  };
}

/** So small a model is unsure of everything: thresholds that take what it thinks likeliest, so that tags can be compared. */
async function lenientCalibration(model: string): Promise<string> {
  const folder = path.join(scratch, 'calibration');
  const fitted = {
    temperature: 0.1,
    accept: 0.2,
    margin: 0.01,
    status: 'accept',
    precision: null,
    coverage: null,
  };
  const ids = (await readdir(path.join(root, 'taxonomy/attributes'))).map((file) => path.parse(file).name);
  await mkdir(path.join(folder, model), { recursive: true });
  const written = {
    id: `${model}/lenient`,
    model,
    taxonomy: 'retail-visual-attributes@1.0.0',
    category: fitted,
    attributes: Object.fromEntries(ids.map((id) => [id, fitted])),
  };
  await writeFile(path.join(folder, model, '1.0.0.json'), JSON.stringify(written));
  return folder;
}

async function tagAll(settings: Readonly<Record<string, string>>, files: readonly string[]) {
  const config = parseConfig({ ...settings, INFERENCE_WORKERS: '1' }, root);
  const { services, close } = await composeOffline(config, createLog('silent'));
  const signal = AbortSignal.timeout(240_000);
  try {
    const tagSets: TagSet[] = [];
    for (const file of files) {
      const image = { content: readFileSync(path.join(photos, file)), view: null, variant: null, ref: null };
      const rest = { category: null, title: null, attributes: null, explain: false, store: false };
      tagSets.push(await services.tagProduct({ productId: 'p', images: [image], ...rest }, signal));
    }
    return tagSets;
  } finally {
    await close();
  }
}

/** Everything that was decided, by name and value: what differs in the last digits is rounded away. */
function tagsOf({ category, attributes }: TagSet) {
  const accepted = Object.entries(attributes).filter(([, { status }]) => status === 'accepted');
  return {
    category: category.values.map(({ id }) => id),
    attributes: Object.fromEntries(accepted.map(([id, { values }]) => [id, values.map((value) => value.id)])),
  };
}

describe.skipIf(clip === '' || exports === '')(
  'tags by the endpoint and by ONNX from the same weights',
  () => {
    test.skipIf(!existsSync(photos)).each(['clip', 'siglip'])(
      '%s: the same tags on fifty photos and more, each with at least two accepted attributes',
      async (kind) => {
        const all = (await readdir(photos)).filter((name) => name.endsWith('.jpg')).sort();
        const files = all.filter((_, index) => index % Math.floor(all.length / 120) === 0).slice(0, 120);
        const CALIBRATION_DIR = await lenientCalibration(kind);
        await lenientCalibration(`tiny-${kind}`);
        const start = door.calls.length;
        const remote = await tagAll(
          { CALIBRATION_DIR, INFERENCE_BACKEND: 'sagemaker', SAGEMAKER_ENDPOINT: kind },
          files,
        );
        expect(callsSince(start)).toMatchObject({ pictures: files.length, failed: 0 });
        const ONNX_MODEL_DIR = path.join(exports, `tiny-${kind}`);
        const local = await tagAll({ CALIBRATION_DIR, INFERENCE_BACKEND: 'onnx', ONNX_MODEL_DIR }, files);
        expect(local.map(tagsOf)).toEqual(remote.map(tagsOf));
        const rich = remote.map(tagsOf).filter(({ attributes }) => Object.keys(attributes).length >= 2);
        const different = new Set(rich.map((tags) => JSON.stringify(tags))).size;
        console.log(
          `${kind}: ${rich.length} of ${files.length} photos with two attributes or more, ${different} different`,
        );
        expect(rich.length).toBeGreaterThanOrEqual(50);
        expect(different).toBeGreaterThan(10);
      },
      300_000,
    );
  },
);

describe.skipIf(clip === '')('an endpoint that gives probabilities', () => {
  test.skipIf(!existsSync(photos))(
    'decides much the same, asks for nothing twice in a call, and keeps no vectors',
    async () => {
      const CALIBRATION_DIR = await lenientCalibration('clip');
      const files = (await readdir(photos))
        .filter((name) => name.endsWith('.jpg'))
        .sort()
        .slice(0, 12);
      const settings = { CALIBRATION_DIR, INFERENCE_BACKEND: 'sagemaker', SAGEMAKER_ENDPOINT: 'clip' };
      const vectors = await tagAll(settings, files);
      const start = door.calls.length;
      const probabilities = await tagAll({ ...settings, SAGEMAKER_CONTRACT: 'probability' }, files);
      const calls = door.calls.length - start;
      expect(calls).toBeGreaterThanOrEqual(1 + files.length * 2);
      expect(calls).toBeLessThan(1 + files.length * 12);
      const best = ({ category }: TagSet) => [...category.values, ...category.candidates].map(({ id }) => id);
      const shared = files.filter((_, index) =>
        best(vectors[index]!).some((id) => best(probabilities[index]!).includes(id)),
      ).length;
      console.log(
        `probability: ${calls} calls for ${files.length} photos; ${shared} share a category among the best five`,
      );
      expect(shared).toBeGreaterThanOrEqual(files.length * 0.75);
    },
    240_000,
  );
});

describe.skipIf(clip === '')('the service with its model on an endpoint', () => {
  let service: Service;
  const settings = () => ({
    ...door.environment,
    INFERENCE_BACKEND: 'sagemaker',
    SAGEMAKER_ENDPOINT: 'clip',
    DATA_DIR: path.join(scratch, 'data'),
  });
  const call = async (route: string, body: FormData | null = null) => {
    const answer = await fetch(service.url + route, body ? { method: 'POST', body } : {});
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Answer };
  };
  const post = (id: string, name: string, more = '') => {
    const form = new FormData();
    form.append('image', new Blob([readFileSync(path.join(root, 'test/fixtures/images', name))]), name);
    return call(`/products/${id}/tags${more}`, form);
  };
  const soon = <T>(look: () => Promise<T>) => vi.waitFor(look, { timeout: 120_000, interval: 250 });
  const allCaptions = () =>
    soon(async () => {
      const { status, body } = await call('/readyz');
      expect([status, body.captions?.known]).toEqual([200, body.captions?.total ?? 'captions']);
      return body.captions!.total;
    });
  beforeAll(async () => {
    await mkdir(path.join(scratch, 'data'));
    service = await startService(settings());
  });
  afterAll(() => service?.stop());

  test('a new picture is one call, a known one none, and captions are asked for once', async () => {
    const total = await allCaptions();
    expect(total).toBeGreaterThan(17_000);
    expect(callsSince(0).texts).toBeGreaterThan(total / 256);
    const start = door.calls.length;
    const { status, body } = await post('one', 'large.jpg');
    expect([status, body.provenance.backend]).toEqual([200, 'sagemaker']);
    expect(callsSince(start)).toEqual({ pictures: 1, texts: 0, failed: 0 });
    expect((await post('two', 'large.jpg')).status).toBe(200);
    expect(callsSince(start)).toEqual({ pictures: 1, texts: 0, failed: 0 });
    await service.stop();
    service = await startService(settings());
    expect(await allCaptions()).toBe(total);
    expect((await post('three', 'wide.jpg')).status).toBe(200);
    expect(callsSince(start)).toEqual({ pictures: 2, texts: 0, failed: 0 });
  }, 200_000);

  test('an endpoint that goes away holds work and fails none; reviews go on', async () => {
    const known = containers.clip!;
    delete containers.clip;
    const refused = await post('four', 'tall.jpg');
    expect([refused.status, refused.body.code]).toEqual([503, 'inference.unavailable']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const accepted = await post('five', 'tall.jpg', '?async=true');
    expect(accepted.status).toBe(202);
    const operation = () => call(`/operations/${accepted.body.id}`);
    await soon(async () => expect((await operation()).body.error?.code).toBe('inference.unavailable'));
    expect((await operation()).body.state).toMatch(/queued|running/);
    const review = await fetch(`${service.url}/products/one/tags`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ set: { color: ['navy'] } }),
    });
    expect(review.status).toBe(200);
    containers.clip = known;
    await soon(async () => expect((await operation()).body).toMatchObject({ state: 'done', revision: 1 }));
  }, 200_000);

  test('an endpoint with another model since: opened anew, and never mixed', async () => {
    const before = await call('/products/one/tags');
    containers.clip = siglip;
    const refused = await post('six', 'tall.png');
    expect([refused.status, refused.body.code]).toEqual([503, 'inference.unavailable']);
    await soon(async () => expect((await post('six', 'tall.png')).status).toBe(200));
    const again = await post('one', 'large.jpg');
    expect(again.body.provenance.model).toMatch(/^siglip@/);
    expect(before.body.provenance.model).toMatch(/^clip@/);
    expect(again.body.attributes.color?.values.map(({ id }) => id)).toEqual(['navy']);
    expect((await call('/model')).body.id).toBe('siglip');
  }, 200_000);
});
