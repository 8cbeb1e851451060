/** The bodies of the CLIP endpoint's contract, version 1: see `deploy/clip/README.md`. Fields it adds are not looked at. */
import { z } from 'zod';
import type { InputSpec } from '../../../application/ports.ts';
import { HangtagError } from '../../../domain/errors.ts';

/** `retry`: the same call may succeed in a moment. */
const fault = z.object({ code: z.string(), message: z.string(), retry: z.boolean() });
export type WireFault = z.infer<typeof fault>;

const rgb = z.tuple([z.number(), z.number(), z.number()]);
/** The order in which our pictures are prepared; `last` is what makes them square. */
const steps = (last: readonly string[]) =>
  ['orient', 'background', 'resize', ...last, 'round_to_u8', 'scale', 'normalize'].join();
const orders = { squash: steps([]), crop: steps(['crop']), pad: steps(['pad']) };

const describeAnswer = z.object({
  task: z.literal('describe'),
  contract: z.literal(1),
  model: z.object({ name: z.string(), architecture: z.string() }),
  fingerprint: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  dim: z.int().min(8).max(8192),
  logit_scale: z.number().positive(),
  vectors: z.object({
    dtype: z.literal('float32'),
    byte_order: z.literal('little'),
    normalized: z.literal(true),
  }),
  preprocessing: z.object({
    size: z.int().min(16).max(2048),
    fit: z.enum(['squash', 'crop', 'pad']),
    resize_to: z.int().nullish(),
    kernel: z.string(),
    crop_offset: z.enum(['floor', 'round']).nullish(),
    fill: rgb.nullish(),
    background: rgb,
    order: z.array(z.string()),
  }),
  text: z.object({ rule: z.enum(['as-is', 'lower', 'canonical']) }),
  limits: z.object({ images: z.int().min(1), texts: z.int().min(1), body_bytes: z.int().min(1).nullish() }),
  max_batch: z.int().min(1),
});

export type DescribeAnswer = z.infer<typeof describeAnswer>;

const entry = z.union([z.object({ vector: z.string() }), z.object({ error: fault })]);
const embedAnswer = z.object({
  task: z.literal('embed'),
  fingerprint: z.string(),
  images: z.array(entry),
  texts: z.array(entry),
});
/** An answer to a call of which nothing could be done. */
export const refusal = z.object({ error: fault });

/** A fault in the place of an answer, of one picture's or text's, or of the whole call's. */
export class Refused {
  readonly fault: WireFault;
  constructor(fault: WireFault) {
    this.fault = fault;
  }
}

/** What stands for one image or text. */
export type Embedded = Float32Array | Refused;

export function readDescribe(body: Uint8Array): DescribeAnswer | Refused {
  return parsed(body, describeAnswer);
}

/** What was sent, and what the answer must therefore hold. */
export interface Sent {
  readonly kind: 'images' | 'texts';
  readonly count: number;
  /** Numbers in a vector. */
  readonly dim: number;
  readonly fingerprint: string;
}

/** In the order of what was sent. Vectors of another model than the one that was asked are refused, whoever sent them. */
export function readEmbed(
  body: Uint8Array,
  { kind, count, dim, fingerprint }: Sent,
): readonly Embedded[] | Refused {
  const answer = parsed(body, embedAnswer);
  if (answer instanceof Refused) return answer;
  if (answer.fingerprint !== fingerprint)
    return new Refused({ code: 'model.changed', message: 'Another model answered.', retry: false });
  const entries = answer[kind];
  if (entries.length !== count) throw strange(`${entries.length} ${kind} for the ${count} that were sent`);
  return entries.map((one) => ('error' in one ? new Refused(one.error) : vectorOf(one.vector, dim)));
}

function parsed<T>(body: Uint8Array, schema: z.ZodType<T>): T | Refused {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw strange('something other than JSON');
  }
  const refused = refusal.safeParse(value);
  if (refused.success) return new Refused(refused.data.error);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw strange(`${issue.path.join('.') || 'the answer'}: ${issue.message}`);
}

function vectorOf(base64: string, dim: number): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.byteLength !== dim * 4)
    throw strange(`a vector of ${bytes.byteLength} bytes instead of ${dim * 4}`);
  // A copy of its own, aligned; float32 little-endian is what every machine that Node runs on has.
  const vector = new Float32Array(Uint8Array.from(bytes).buffer);
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (!(Math.abs(length - 1) < 1e-3)) throw strange(`a vector of length ${length}`);
  return vector;
}

function strange(what: string): HangtagError {
  const detail = `The endpoint does not speak the contract of deploy/clip: ${what}.`;
  return new HangtagError('inference.unavailable', detail, { retryAfter: 30 });
}

const kernels: Readonly<Record<string, InputSpec['kernel']>> = {
  bicubic: 'cubic',
  bilinear: 'linear',
  lanczos: 'lanczos3',
};

/** How pictures are prepared here for this model. Refuses what cannot be prepared to the same pixels. */
export function inputSpecOf({ preprocessing: given }: DescribeAnswer): InputSpec {
  const kernel = kernels[given.kernel];
  const problem = !kernel
    ? `the kernel ${given.kernel}`
    : given.order.join() !== orders[given.fit]
      ? `the order ${given.order.join(', ')}`
      : given.background.some((channel) => channel !== 255)
        ? `the background ${given.background.join(', ')}`
        : null;
  if (problem !== null || !kernel) {
    const detail = `The endpoint's model wants pictures prepared in a way that hangtag does not have: ${problem}.`;
    throw new HangtagError('inference.unavailable', detail, { retryAfter: 60 });
  }
  const { size, fit, resize_to, crop_offset, fill } = given;
  return {
    size,
    fit,
    kernel,
    ...(fit === 'crop' && resize_to && resize_to !== size ? { resizeTo: resize_to } : {}),
    ...(fit === 'crop' && crop_offset === 'floor' ? { cropOffset: 'floor' } : {}),
    ...(fit === 'pad' && fill ? { fill: fill } : {}),
  };
}
