/**
 * G4: an endpoint that takes 20 ms and 1.5 ms for each picture, one call at a time, asked through the service's own client
 * with the slot rule and with one call for each picture. Pictures a second at 16 in flight, and the median of one alone.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { openClipEndpoint } from '../../src/adapters/inference/sagemaker/clip-endpoint.ts';
import { createRuntime } from '../../src/adapters/inference/sagemaker/runtime.ts';
import { median } from '../load.ts';

const size = 224;
const dim = 512;
const fingerprint = `sha256:${'ab'.repeat(32)}`;
const described = {
  task: 'describe',
  contract: 1,
  model: { name: 'stand-in', architecture: 'clip' },
  fingerprint,
  dim,
  logit_scale: 100,
  vectors: { dtype: 'float32', byte_order: 'little', normalized: true },
  preprocessing: {
    size,
    fit: 'crop',
    kernel: 'bicubic',
    background: [255, 255, 255],
    order: ['orient', 'background', 'resize', 'crop', 'round_to_u8', 'scale', 'normalize'],
  },
  text: { rule: 'as-is' },
  limits: { images: 32, texts: 256 },
  max_batch: 16,
};

/** Calls and pictures that it saw. */
const seen = { calls: 0, pictures: 0 };
let turn: Promise<unknown> = Promise.resolve();
const vector = Buffer.from(Float32Array.from({ length: dim }, () => 1 / Math.sqrt(dim)).buffer).toString(
  'base64',
);

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const attributes = String(request.headers['x-amzn-sagemaker-custom-attributes'] ?? '');
  const count = Number(/count=(\d+)/.exec(attributes)?.[1] ?? 0);
  if (count > 0) {
    seen.calls += 1;
    seen.pictures += count;
    const mine = turn.then(() => wait(20 + 1.5 * count));
    turn = mine;
    await mine;
  }
  const images = Array.from({ length: count }, () => ({ vector }));
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(count > 0 ? { task: 'embed', fingerprint, images, texts: [] } : described));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
process.env.AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
process.env.AWS_ACCESS_KEY_ID = 'AKIDSTANDIN';
process.env.AWS_SECRET_ACCESS_KEY = 'a-secret';

const data = new Uint8Array(size * size * 3).fill(120);

/** `perCall`: pictures that fit into a call. */
async function measure(perCall: number, lanes: number, count: number) {
  const runtime = createRuntime({
    endpoint: 'stand-in',
    variant: null,
    inferenceComponent: null,
    region: 'eu-test-1',
    sockets: 32,
  });
  const model = await openClipEndpoint({
    runtime,
    maxPayload: perCall * data.byteLength,
    // One call for each picture: all of them at once, as a client without batching would send them.
    slots: perCall === 1 ? 16 : 1,
    deadlineMs: 60_000,
    onChanged: () => {},
  });
  const times: number[] = [];
  let next = 0;
  const lane = async () => {
    while (next++ < count) {
      const started = performance.now();
      await model.embed({ width: size, height: size, data });
      times.push(performance.now() - started);
    }
  };
  await model.embed({ width: size, height: size, data });
  const started = performance.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  const perSecond = (count * 1000) / (performance.now() - started);
  await model.close();
  runtime.close();
  return { perSecond, p50: median(times) };
}

export interface SlotFigures {
  readonly batchedOverDirect: number;
  readonly aloneOverDirect: number;
}

export async function slotFigures(): Promise<SlotFigures> {
  const busy = { direct: await measure(1, 16, 96), batched: await measure(16, 16, 480) };
  const alone = { direct: await measure(1, 1, 40), batched: await measure(16, 1, 40) };
  server.close();
  server.closeAllConnections();
  return {
    batchedOverDirect: busy.batched.perSecond / busy.direct.perSecond,
    aloneOverDirect: alone.batched.p50 / alone.direct.p50,
  };
}
