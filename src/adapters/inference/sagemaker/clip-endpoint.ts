/**
 * A CLIP model behind a SageMaker endpoint that speaks the contract of `deploy/clip`. Pictures go as prepared pixels, as
 * many in one call as wait and fit; texts in chunks. What the model is, how it wants its pictures and how much it takes
 * at once is read from the endpoint, and every call names the model it was prepared for: vectors of another one never
 * come back.
 */
import type { ModelCard, QueueWatch } from '../../../application/ports.ts';
import type { ClipModel } from '../../../application/ports-clip.ts';
import { HangtagError } from '../../../domain/errors.ts';
import { createBatcher } from '../slot-batcher.ts';
import {
  CallRefused,
  type DescribeAnswer,
  type Embedded,
  inputSpecOf,
  readDescribe,
  readEmbed,
} from './embedding-wire.ts';
import type { EndpointCall, Runtime } from './runtime.ts';

export interface ClipEndpointOptions {
  readonly runtime: Runtime;
  /** Bytes of one call's body, at most. */
  readonly maxPayload: number;
  /** Calls with pictures at the same time: what the endpoint works on in parallel. */
  readonly slots: number;
  /** Milliseconds from submission to vector, at most. */
  readonly deadlineMs: number;
  readonly watch?: QueueWatch;
  /** The endpoint answers for another model now. Told once; the model refuses everything from then on. */
  readonly onChanged: () => void;
  /** Of a checkpoint, by its name; null where it is not known. */
  readonly license?: (model: string) => string | null;
}

/** Texts in one call: a CPU endpoint encodes so many well within its deadline. */
const textsAtOnce = 256;
/** Milliseconds. Texts are asked for in the background, where a slow answer is better than none. */
const textsMs = 30_000;
const describeMs = 20_000;
/** Calls for what the endpoint could not do just now, in all. */
const rounds = 3;

/** Asks the endpoint what it is. Refuses with `inference.unavailable` where it is away, or is none that hangtag can use. */
export async function openClipEndpoint(
  options: ClipEndpointOptions,
  signal?: AbortSignal,
): Promise<ClipModel> {
  const { runtime, maxPayload, slots, deadlineMs, onChanged } = options;
  const described = await runtime.invoke(jsonCall({ task: 'describe' }), readDescribe, {
    deadlineMs: describeMs,
    ...(signal ? { signal } : {}),
  });
  if (described instanceof CallRefused) throw refused(described);
  const { fingerprint, dim } = described;
  const input = inputSpecOf(described);
  const pixelBytes = input.size * input.size * 3;
  if (pixelBytes > maxPayload) {
    const detail = `One picture of ${pixelBytes} bytes is more than SAGEMAKER_MAX_PAYLOAD, ${maxPayload}.`;
    throw new HangtagError('inference.unavailable', detail, { retryAfter: 60 });
  }

  let changed = false;
  const embed = async (
    call: EndpointCall,
    kind: 'images' | 'texts',
    count: number,
    limits: { readonly deadlineMs: number; readonly signal?: AbortSignal },
  ): Promise<readonly Embedded[]> => {
    if (changed) throw otherModel();
    const sent = { kind, count, dim, fingerprint };
    const answer = await runtime.invoke(call, (body) => readEmbed(body, sent), limits);
    if (!(answer instanceof CallRefused)) return answer;
    if (answer.fault.code !== 'model.changed') throw refused(answer);
    if (!changed) onChanged();
    changed = true;
    throw otherModel();
  };

  /** One call, and again for those that the endpoint had no time or memory for. Never rejects for one picture's sake. */
  async function pictures(items: readonly Uint8Array[]): Promise<readonly (Float32Array | HangtagError)[]> {
    const results: (Float32Array | HangtagError)[] = [];
    let left = items.map((item, index) => ({ item, index }));
    const deadline = performance.now() + deadlineMs;
    for (let round = 1; left.length > 0; round++) {
      const attributes = { task: 'embed', size: input.size, count: left.length, fingerprint };
      const body = Buffer.concat(left.map(({ item }) => item));
      const call = { body, contentType: 'application/octet-stream', attributes };
      const limits = { deadlineMs: Math.max(1, deadline - performance.now()) };
      let answers: readonly Embedded[];
      try {
        answers = await embed(call, 'images', left.length, limits);
      } catch (error) {
        // A repetition that fails is the fault of none whose vector is there already.
        if (round === 1 || !(error instanceof HangtagError)) throw error;
        for (const { index } of left) results[index] = error;
        break;
      }
      const again: typeof left = [];
      for (const [at, answer] of answers.entries()) {
        const one = left[at]!;
        if (answer instanceof Float32Array) results[one.index] = answer;
        else if (answer.retry && round < rounds && performance.now() < deadline) again.push(one);
        else results[one.index] = refused(new CallRefused(answer));
      }
      left = again;
    }
    return results;
  }

  const batcher = createBatcher<Uint8Array, Float32Array | HangtagError>(
    {
      slots,
      maxBatch: Math.max(
        1,
        Math.min(described.max_batch, described.limits.images, Math.floor(maxPayload / pixelBytes)),
      ),
      maxWaiting: 256,
      maxWaitingBytes: 256 * 2 ** 20,
      deadlineMs,
    },
    pictures,
    options.watch,
  );

  const maxTexts = Math.min(textsAtOnce, described.limits.texts);
  return {
    card: cardOf(described, options.license?.(described.model.name) ?? null, input),
    scale: described.logit_scale,
    family:
      described.text.rule === 'canonical' || described.model.architecture.includes('siglip')
        ? 'siglip'
        : 'clip',
    async embed(pixels, signal) {
      const result = await batcher.submit(pixels.data, pixels.data.byteLength, signal);
      if (result instanceof HangtagError) throw result;
      return result;
    },
    texts: {
      maxTexts,
      async encode(texts, signal) {
        const call = jsonCall({ task: 'embed', fingerprint, texts });
        const limits = { deadlineMs: textsMs, ...(signal ? { signal } : {}) };
        const answers = await embed(call, 'texts', texts.length, limits);
        return answers.map((answer) => {
          if (answer instanceof Float32Array) return answer;
          throw refused(new CallRefused(answer));
        });
      },
    },
    async close() {
      batcher.close();
    },
  };
}

function cardOf(described: DescribeAnswer, license: string | null, input: ModelCard['input']): ModelCard {
  return {
    backend: 'sagemaker',
    id: described.model.name,
    fingerprint: described.fingerprint.slice('sha256:'.length, 'sha256:'.length + 12),
    license: license ?? 'not stated by the endpoint; see the checkpoint',
    dim: described.dim,
    input,
    refuses: [],
  };
}

function jsonCall(body: object): EndpointCall {
  return { body: JSON.stringify(body), contentType: 'application/json' };
}

/** The endpoint answered, and refused: its words are kept, for they name no secret and help whoever reads the log. */
function refused({ fault }: CallRefused): HangtagError {
  const detail = `The endpoint refused with ${fault.code}; nothing was stored.`;
  return new HangtagError('inference.unavailable', detail, {
    cause: new Error(fault.message),
    retryAfter: fault.retry ? 1 : 30,
  });
}

function otherModel(): HangtagError {
  const detail = 'The endpoint has another model now, which is being opened; nothing was stored.';
  return new HangtagError('inference.unavailable', detail, { retryAfter: 5 });
}
