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
  type DescribeAnswer,
  type Embedded,
  inputSpecOf,
  Refused,
  readDescribe,
  readEmbed,
} from './embedding-wire.ts';
import { untilDone } from './refusals.ts';
import type { CallLimits, EndpointCall, Runtime } from './runtime.ts';

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

/** Asks the endpoint what it is. Refuses with `inference.unavailable` where it is away, or is none that hangtag can use. */
export async function openClipEndpoint(
  options: ClipEndpointOptions,
  signal?: AbortSignal,
): Promise<ClipModel> {
  const { runtime, slots, deadlineMs, onChanged } = options;
  const described = await untilDone(runtime, describeMs, signal, (limits) =>
    runtime.invoke(jsonCall({ task: 'describe' }), readDescribe, limits),
  );
  const { fingerprint, dim } = described;
  const input = inputSpecOf(described);
  const maxPayload = Math.min(options.maxPayload, described.limits.body_bytes ?? Infinity);
  const pixelBytes = input.size * input.size * 3;
  if (pixelBytes > maxPayload) {
    const named =
      maxPayload === options.maxPayload ? 'SAGEMAKER_MAX_PAYLOAD' : 'the endpoint’s limit of a body';
    const detail = `One picture of ${pixelBytes} bytes is more than ${named}, ${maxPayload}.`;
    throw new HangtagError('inference.unavailable', detail, { retryAfter: 60 });
  }

  let changed = false;
  const embed = async (
    call: EndpointCall,
    kind: 'images' | 'texts',
    count: number,
    limits: CallLimits,
  ): Promise<readonly Embedded[]> => {
    if (changed) throw otherModel();
    const sent = { kind, count, dim, fingerprint };
    const answer = await runtime.invoke(call, (body) => readEmbed(body, sent), limits);
    if (!(answer instanceof Refused)) return answer;
    // A fault of the call is one of everything in it.
    if (answer.fault.code !== 'model.changed') return Array.from({ length: count }, () => answer);
    if (!changed) onChanged();
    changed = true;
    throw otherModel();
  };

  const pictures = (items: readonly Uint8Array[]): Promise<readonly Embedded[]> => {
    const attributes = { task: 'embed', size: input.size, count: items.length, fingerprint };
    const call = { body: Buffer.concat(items), contentType: 'application/octet-stream', attributes };
    return embed(call, 'images', items.length, { deadlineMs });
  };

  const batcher = createBatcher<Uint8Array, Embedded>(
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
  async function encode(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    if (jsonCall({ task: 'embed', fingerprint, texts }).body.byteLength > maxPayload && texts.length > 1) {
      const half = Math.ceil(texts.length / 2);
      return [...(await encode(texts.slice(0, half), signal)), ...(await encode(texts.slice(half), signal))];
    }
    const vectors: Float32Array[] = [];
    let left = [...texts.keys()];
    return untilDone(runtime, textsMs, signal, async (limits) => {
      const call = jsonCall({ task: 'embed', fingerprint, texts: left.map((index) => texts[index]!) });
      const answers = await embed(call, 'texts', left.length, limits);
      const refused: Refused[] = [];
      left = left.filter((index, at) => {
        const answer = answers[at]!;
        if (answer instanceof Refused) refused.push(answer);
        else vectors[index] = answer;
        return answer instanceof Refused;
      });
      return refused.find(({ fault }) => !fault.retry) ?? refused[0] ?? vectors;
    });
  }
  return {
    card: cardOf(described, options.license?.(described.model.name) ?? null, input),
    scale: described.logit_scale,
    family:
      described.text.rule === 'canonical' || described.model.architecture.includes('siglip')
        ? 'siglip'
        : 'clip',
    // One that there was no room for waits, and goes with others then: it holds nobody up.
    embed: (pixels, signal) =>
      untilDone(runtime, deadlineMs, signal, (limits) =>
        batcher.submit(pixels.data, pixels.data.byteLength, signal, limits.deadlineMs),
      ),
    texts: { maxTexts, encode },
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

function jsonCall(body: object) {
  return { body: Buffer.from(JSON.stringify(body)), contentType: 'application/json' };
}

function otherModel(): HangtagError {
  const detail = 'The endpoint has another model now, which is being opened; nothing was stored.';
  return new HangtagError('inference.unavailable', detail, { retryAfter: 5 });
}
