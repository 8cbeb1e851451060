/**
 * A model behind a SageMaker endpoint that speaks the first sample's contract: `{"image": base64, "prompt": [...]}` in,
 * `[[p1, ..., pN]]` out. It says nothing of itself, so its card is the endpoint's name, and a change of the model behind
 * it goes unnoticed.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { QueueWatch } from '../../../application/ports.ts';
import type { PromptScorer } from '../../../application/ports-clip.ts';
import { HangtagError } from '../../../domain/errors.ts';
import { createBatcher } from '../slot-batcher.ts';
import { Refused, refusal } from './embedding-wire.ts';
import { untilDone } from './refusals.ts';
import type { Runtime } from './runtime.ts';

export interface ProbabilityEndpointOptions {
  readonly runtime: Runtime;
  /** What tells it from others: endpoint, variant, inference component. */
  readonly name: string;
  readonly maxPayload: number;
  readonly slots: number;
  readonly deadlineMs: number;
  readonly watch?: QueueWatch;
}

/** Captions in one call: such endpoints encode them anew each time, and have 60 seconds. */
const maxPrompts = 300;
/** Side of the square in the middle that is sent: what a CLIP's own preparation would cut out, with pixels to spare. */
const size = 384;
const rows = z.array(z.array(z.number().min(0).max(1))).length(1);

interface Ask {
  readonly picture: Uint8Array;
  readonly prompts: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** Asks once whether it answers like one. Refuses with `inference.unavailable` where it does not. */
export async function openProbabilityEndpoint(
  options: ProbabilityEndpointOptions,
  probe: Uint8Array,
  signal?: AbortSignal,
): Promise<PromptScorer> {
  const { runtime, name, maxPayload, slots, deadlineMs, watch } = options;

  async function ask({ picture, prompts, signal: until }: Ask): Promise<readonly number[]> {
    const body = JSON.stringify({ image: Buffer.from(picture).toString('base64'), prompt: prompts });
    if (body.length > maxPayload) {
      const detail = `A call of ${body.length} bytes is more than SAGEMAKER_MAX_PAYLOAD, ${maxPayload}.`;
      throw new HangtagError('inference.unavailable', detail, { retryAfter: 60 });
    }
    return untilDone(runtime, deadlineMs, until, (limits) =>
      runtime.invoke(
        { body, contentType: 'application/json' },
        (answer) => read(answer, prompts.length),
        limits,
      ),
    );
  }
  const calls = createBatcher<Ask, readonly number[]>(
    { slots, maxBatch: 1, maxWaiting: 256, maxWaitingBytes: 256 * 2 ** 20, deadlineMs: deadlineMs * 2 },
    async ([call]) => [await ask(call!)],
    watch,
  );
  await ask({ picture: probe, prompts: ['a photo of a dress', 'a photo of a shoe'], signal });
  return {
    card: {
      backend: 'sagemaker',
      id: name,
      fingerprint: createHash('sha256').update(`probability ${name}`).digest('hex').slice(0, 12),
      license: 'not stated by the endpoint; see the checkpoint',
      dim: 0,
      input: { size, fit: 'crop', kernel: 'cubic' },
      refuses: [
        'Gives probabilities, no vectors: nothing can be rescored later, and the same picture is asked for again.',
      ],
    },
    maxPrompts,
    score: (picture, prompts, until) =>
      calls.submit({ picture, prompts, signal: until }, picture.byteLength, until),
    async close() {
      calls.close();
    },
  };
}

/** `deploy/clip` says what is wrong; another endpoint may not. */
function read(body: Uint8Array, count: number): readonly number[] | Refused {
  const strange = (what: string) =>
    new HangtagError(
      'inference.unavailable',
      `The endpoint does not speak the probability contract: ${what}.`,
      {
        retryAfter: 30,
      },
    );
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw strange('something other than JSON');
  }
  const refused = refusal.safeParse(value);
  if (refused.success) return new Refused(refused.data.error);
  const parsed = rows.safeParse(value);
  if (!parsed.success) throw strange('no row of probabilities');
  const row = parsed.data[0]!;
  if (row.length !== count) throw strange(`${row.length} probabilities for ${count} prompts`);
  const sum = row.reduce((total, p) => total + p, 0);
  if (Math.abs(sum - 1) > 0.02) throw strange(`probabilities that sum to ${sum.toFixed(3)}`);
  return row;
}
