/**
 * Calls of one SageMaker endpoint: sockets kept alive and enough of them, no call without a deadline, and nothing tried
 * again by the SDK, because what is worth trying is decided in `faults.ts` and done in `retries.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import type { EndpointWatch } from '../../../application/ports.ts';
import { HangtagError } from '../../../domain/errors.ts';
import { type Circuit, type CircuitOptions, createCircuit, usualCircuit } from './circuit.ts';
import { judge } from './faults.ts';
import { createRetrying, type RetryOptions, usualRetries } from './retries.ts';

export interface EndpointName {
  readonly endpoint: string;
  /** null: SageMaker chooses. */
  readonly variant: string | null;
  readonly inferenceComponent: string | null;
}

export interface RuntimeOptions extends EndpointName {
  /** null: as the SDK finds it. */
  readonly region: string | null;
  /** Calls at the same time, at most. */
  readonly sockets: number;
  readonly watch?: EndpointWatch;
  /** As usual unless told. */
  readonly retries?: RetryOptions;
  readonly circuit?: CircuitOptions;
}

export interface EndpointCall {
  readonly body: Uint8Array | string;
  readonly contentType: string;
  /** Sent as CustomAttributes: visible ASCII without `;`. */
  readonly attributes?: Readonly<Record<string, string | number>>;
}

export interface Runtime {
  /**
   * The body of the answer, read by `read`, which throws a HangtagError where it cannot be read.
   * Refuses with `inference.unavailable`, `inference.timeout` after `deadlineMs` milliseconds for all tries together, and
   * `request.cancelled`.
   */
  invoke<T>(call: EndpointCall, read: (body: Uint8Array) => T, limits: CallLimits): Promise<T>;
  /** Why the endpoint is left alone right now; null while it is asked. */
  reason(): string | null;
  /** It is left alone, and not even tried. */
  resting(): boolean;
  close(): void;
}

export interface CallLimits {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

const connectMs = 2_000;

export function createRuntime(options: RuntimeOptions): Runtime {
  const { endpoint, variant, inferenceComponent, region, sockets, watch } = options;
  const client = new SageMakerRuntimeClient({
    ...(region === null ? {} : { region }),
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: connectMs,
      throwOnRequestTimeout: true,
      httpsAgent: { keepAlive: true, maxSockets: sockets },
      httpAgent: { keepAlive: true, maxSockets: sockets },
    },
  });
  const now = () => performance.now();
  let trouble: string | null = null;
  const circuit: Circuit = createCircuit(options.circuit ?? usualCircuit, now, (state) =>
    watch?.circuit(state),
  );
  const retrying = createRetrying(options.retries ?? usualRetries, {
    now,
    random: Math.random,
    // Rejects where the signal ends it early: the next look at the signal says so.
    sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
    // Raised by `read`: the answer came and is of no use, and will be the same the next time.
    judge: (error) => (error instanceof HangtagError ? { chance: 'never', error } : judge(error)),
    onRetry: (chance) => watch?.retried(chance),
  });

  async function once<T>(
    { body, contentType, attributes = {} }: EndpointCall,
    read: (body: Uint8Array) => T,
    signal: AbortSignal,
  ): Promise<T> {
    const started = now();
    const done = (result: 'ok' | 'failed') => watch?.called(result, (now() - started) / 1000);
    try {
      const command = new InvokeEndpointCommand({
        EndpointName: endpoint,
        ...(variant === null ? {} : { TargetVariant: variant }),
        ...(inferenceComponent === null ? {} : { InferenceComponentName: inferenceComponent }),
        ContentType: contentType,
        Accept: 'application/json',
        CustomAttributes: Object.entries(attributes)
          .map(([key, value]) => `${key}=${value}`)
          .join(';'),
        Body: body,
      });
      const answer = await client.send(command, { abortSignal: signal });
      const result = read(answer.Body ?? new Uint8Array());
      done('ok');
      return result;
    } catch (error) {
      done('failed');
      throw error;
    }
  }

  return {
    invoke(call, read, { deadlineMs, signal }) {
      const deadline = now() + deadlineMs;
      // It takes whole milliseconds only.
      const late = AbortSignal.timeout(Math.ceil(deadlineMs));
      const both = signal ? AbortSignal.any([signal, late]) : late;
      return circuit.run(async () => {
        try {
          const result = await retrying(() => once(call, read, both), deadline, both);
          trouble = null;
          return result;
        } catch (error) {
          if (signal?.aborted) throw cancelled(signal.reason);
          if (error instanceof Error) trouble = error.message;
          throw error;
        }
      });
    },
    reason: () => (circuit.state() === 'closed' ? null : (trouble ?? 'The endpoint keeps failing.')),
    resting: () => circuit.state() === 'open',
    close: () => client.destroy(),
  };
}

function cancelled(cause: unknown): HangtagError {
  return new HangtagError('request.cancelled', 'The request was given up before it was answered.', { cause });
}
