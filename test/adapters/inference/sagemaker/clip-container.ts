/** A container that speaks the contract of deploy/clip: its model sees mean colours and hears the words for them. */
import type { Container } from '../../../rings/sagemaker-container.ts';

const size = 16;
export const pixelBytes = size * size * 3;
export const fingerprintOf = (name: string) => `sha256:${Buffer.from(name.padEnd(32, '.')).toString('hex')}`;

const words: Readonly<Record<string, readonly number[]>> = {
  red: [255, 0, 0],
  green: [0, 255, 0],
  blue: [0, 0, 255],
};

/** Eight numbers of length 1. */
export function vectorOf(rgb: readonly number[]): Float32Array {
  const values = [...rgb.map((channel) => channel / 127.5 - 1), 0.1, 0.2, 0, 0, 0.1];
  return Float32Array.from(values, (value) => value / Math.hypot(...values));
}

export const plain = (r: number, g: number, b: number): Uint8Array =>
  Uint8Array.from({ length: pixelBytes }, (_, at) => [r, g, b][at % 3]!);

function meanOf(pixels: Uint8Array): number[] {
  const sums = [0, 0, 0];
  for (const [at, value] of pixels.entries()) sums[at % 3]! += value;
  return sums.map((sum) => (sum * 3) / pixels.byteLength);
}

export interface ClipContainer {
  readonly container: Container;
  /** May be changed: what is served from now on. */
  served: string;
  /** Sizes of the calls that it answered, in order. */
  readonly pictures: number[];
  readonly texts: number[];
  /** Pictures whose first byte is this, and texts that are this, are refused, so often. */
  readonly refuse: Map<number | string, { code: string; retry: boolean; times: number }>;
  /** Calls with pictures that are under way now, and the most that ever were. */
  busy: number;
  busiest: number;
  /** Another answer in the place of what it would say. */
  instead: ((answer: Record<string, unknown>) => unknown) | null;
  /** Milliseconds that every call with pictures takes. */
  delayMs: number;
}

export function clipContainer(changes: Record<string, unknown> = {}): ClipContainer {
  const world: ClipContainer = {
    served: 'first',
    pictures: [],
    texts: [],
    refuse: new Map(),
    busy: 0,
    busiest: 0,
    instead: null,
    delayMs: 0,
    async container(headers, body) {
      const answer = await answered(headers, body);
      const shown = world.instead ? world.instead(answer) : answer;
      const text = typeof shown === 'string' ? shown : JSON.stringify(shown);
      return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(text) };
    },
  };
  async function answered(headers: Readonly<Record<string, string>>, body: Buffer) {
    const attributes = new Map(
      (headers['x-amzn-sagemaker-custom-attributes'] ?? '')
        .split(';')
        .map((pair) => pair.split('=') as [string, string]),
    );
    const raw = headers['content-type'] === 'application/octet-stream';
    const asked = raw ? {} : (JSON.parse(body.toString()) as Record<string, unknown>);
    if ((asked.task ?? attributes.get('task')) === 'describe') return described(world.served);
    const wanted = asked.fingerprint ?? attributes.get('fingerprint');
    if (wanted !== undefined && wanted !== fingerprintOf(world.served))
      return { error: { code: 'model.changed', message: 'another model', retry: false } };
    if (raw) {
      world.busy += 1;
      world.busiest = Math.max(world.busiest, world.busy);
    }
    if (world.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, world.delayMs));
    if (raw) world.busy -= 1;
    const images = raw ? pictures(body, Number(attributes.get('count'))) : [];
    const texts = ((asked.texts ?? []) as string[]).map((text) => {
      const word = Object.keys(words).find((one) => text.includes(one)) ?? '';
      return refused(text) ?? { vector: base64(vectorOf(words[word] ?? [9, 9, 9])) };
    });
    if (raw) world.pictures.push(images.length);
    else world.texts.push(texts.length);
    return { task: 'embed', fingerprint: fingerprintOf(world.served), images, texts };
  }
  function pictures(body: Buffer, count: number) {
    if (body.byteLength !== count * pixelBytes) throw new Error('the pixels do not fit their count');
    return Array.from({ length: count }, (_, index) => {
      const pixels = body.subarray(index * pixelBytes, (index + 1) * pixelBytes);
      return refused(pixels[0]!) ?? { vector: base64(vectorOf(meanOf(pixels))) };
    });
  }
  function refused(what: number | string) {
    const refusal = world.refuse.get(what);
    if (!refusal || refusal.times-- <= 0) return null;
    return { error: { code: refusal.code, message: 'refused', retry: refusal.retry } };
  }
  const described = (name: string) => ({
    task: 'describe',
    contract: 1,
    model: { name: `model-${name}`, architecture: 'clip' },
    fingerprint: fingerprintOf(name),
    dim: 8,
    logit_scale: 50,
    vectors: { dtype: 'float32', byte_order: 'little', normalized: true },
    preprocessing: {
      size,
      fit: 'squash',
      kernel: 'bicubic',
      background: [255, 255, 255],
      order: ['orient', 'background', 'resize', 'round_to_u8', 'scale', 'normalize'],
      ...(changes.preprocessing as object),
    },
    text: { rule: 'as-is' },
    limits: { images: 64, texts: 100, ...(changes.limits as object) },
    max_batch: 8,
  });
  return world;
}

function base64(vector: Float32Array): string {
  return Buffer.from(vector.buffer).toString('base64');
}
