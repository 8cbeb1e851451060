/**
 * The service's own client of an endpoint, with pictures as its own pipeline prepares them, against DJL's engine and the
 * handler of deploy/clip: its vectors must be those that the model gives for the files themselves.
 * Needs the served models: bash test/rings/djl.sh serve -- npx vitest run test/rings/client-served.test.ts
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createSharpReader } from '../../src/adapters/image/sharp.ts';
import { openClipEndpoint } from '../../src/adapters/inference/sagemaker/clip-endpoint.ts';
import { createRuntime, type Runtime } from '../../src/adapters/inference/sagemaker/runtime.ts';
import type { ClipModel } from '../../src/application/ports-clip.ts';
import { type Door, startDoor } from './sagemaker-door.ts';

interface Reference {
  readonly size: number;
  readonly pictures: readonly { name: string; file: string; pixels: string; vector: string }[];
}

const { DJL_CLIP_URL: clip = '', DJL_SIGLIP_URL: siglip = '', DJL_REFERENCE: references = '' } = process.env;
const shared = path.resolve(import.meta.dirname, '../../../shared/photos');
const photos = path.join(process.env.HANGTAG_PHOTOS ?? shared, 'images');
const credentials = { accessKeyId: 'AKIDSTANDIN', secretAccessKey: 'a-secret', region: 'eu-test-1' };
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
const floats = (base64: string) => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
const least = (values: readonly number[]) => Math.min(...values);

describe.skipIf(clip === '').each(['clip', 'siglip'])('%s, by the service’s client', (kind) => {
  let door: Door;
  let runtime: Runtime;
  let model: ClipModel;
  const reader = createSharpReader({ concurrency: 2 });
  const watch = { called: vi.fn(), retried: vi.fn(), circuit: vi.fn() };

  beforeAll(async () => {
    door = await startDoor({ containers: { clip, siglip }, credentials });
    for (const [name, value] of Object.entries(door.environment)) vi.stubEnv(name, value || undefined);
    const place = { endpoint: kind, variant: null, inferenceComponent: null, region: null };
    runtime = createRuntime({ ...place, sockets: 6, watch });
    model = await openClipEndpoint({
      runtime,
      maxPayload: 5_500_000,
      slots: 4,
      deadlineMs: 60_000,
      onChanged: () => expect.fail('the model changed'),
    });
  });
  afterAll(async () => {
    await model?.close();
    runtime.close();
    await door.close();
    vi.unstubAllEnvs();
  });
  const prepared = async (bytes: Buffer) => (await reader.prepare(bytes, model.card.input)).input;
  /** What the endpoint makes of the file itself. */
  async function byEndpoint(bytes: Buffer): Promise<Float32Array> {
    const call = { body: bytes, contentType: 'image/jpeg', attributes: { task: 'embed' } };
    return runtime.invoke(
      call,
      (body) => floats(JSON.parse(new TextDecoder().decode(body)).images[0].vector),
      { deadlineMs: 60_000 },
    );
  }

  test('the same pixels give the reference’s vector; the same file, one as good as it', async () => {
    const text = await readFile(path.join(references, `${kind}.json`), 'utf8');
    const { size, pictures }: Reference = JSON.parse(text);
    const wanted = pictures.map(({ vector }) => floats(vector));
    // All at once: in batches, each its own answer.
    const same = await Promise.all(
      pictures.map(async ({ pixels }) =>
        model.embed({ width: size, height: size, data: Uint8Array.from(await readFile(pixels)) }),
      ),
    );
    const files = await Promise.all(
      pictures.map(async ({ file }) => model.embed(await prepared(await readFile(file)))),
    );
    const ofPixels = same.map((vector, index) => dot(vector, wanted[index]!));
    const ofFiles = files.map((vector, index) => dot(vector, wanted[index]!));
    const each = pictures.map(({ name }, index) => `${name} ${ofFiles[index]!.toFixed(5)}`);
    console.log(
      `${kind}: smallest cosine ${least(ofPixels).toFixed(7)} from the same pixels; ${each.join(', ')}`,
    );
    expect(least(ofPixels)).toBeGreaterThanOrEqual(0.9999);
    expect(least(ofFiles)).toBeGreaterThanOrEqual(0.995);
  });

  test.skipIf(!existsSync(photos))(
    'photos: prepared here, and by the endpoint',
    async () => {
      const all = (await readdir(photos)).filter((name) => name.endsWith('.jpg')).sort();
      const names = all.filter((_, index) => index % Math.floor(all.length / 100) === 0).slice(0, 100);
      const bytes = await Promise.all(names.map((name) => readFile(path.join(photos, name))));
      const inputs = await Promise.all(bytes.map(prepared));
      const calls = watch.called.mock.calls.length;
      const ours = await Promise.all(inputs.map((input) => model.embed(input)));
      const sent = watch.called.mock.calls.length - calls;
      const theirs: Float32Array[] = [];
      for (const one of bytes) theirs.push(await byEndpoint(one));
      const cosines = ours.map((vector, index) => dot(vector, theirs[index]!));
      const next = ours.map((vector, index) => dot(vector, theirs[(index + 1) % theirs.length]!));
      const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value) / values.length;
      console.log(
        `${kind}: ${names.length} photos in ${sent} calls; cosine ${least(cosines).toFixed(5)} at least, ` +
          `${mean(cosines).toFixed(5)} on average (${mean(next).toFixed(3)} to the photo after it)`,
      );
      // Four at once, and whatever waits behind them together.
      expect(sent).toBeLessThan(names.length / 4);
      expect(least(cosines)).toBeGreaterThanOrEqual(0.995);
      // So close is only the same picture: another one is not.
      expect(mean(next)).toBeLessThan(0.99);
      expect(watch.retried).not.toHaveBeenCalled();
    },
    120_000,
  );

  test('texts: unit vectors, in order, and in halves where a call may not weigh so much', async () => {
    const texts = Array.from(
      { length: 120 },
      (_, index) => `a photo of a ${index % 7} coloured dress number ${index}`,
    );
    const whole = await model.texts.encode(texts);
    for (const vector of whole) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    const side = model.card.input.size;
    const tight = await openClipEndpoint({
      runtime,
      maxPayload: side * side * 3,
      slots: 1,
      deadlineMs: 60_000,
      onChanged: () => expect.fail('the model changed'),
    });
    const long = texts.map((text) => `${text}${' of wool'.repeat(9)}`);
    const calls = door.calls.length;
    const halves = await tight.texts.encode(long);
    expect(door.calls.length - calls).toBeGreaterThan(1);
    const again = await model.texts.encode(long);
    for (const [index, vector] of halves.entries())
      expect(dot(vector, again[index]!)).toBeGreaterThan(0.9999);
    await tight.close();
  });
});
