/**
 * Calls of one SageMaker endpoint: sockets kept alive and enough of them, no call without a deadline, and nothing tried
 * again by the SDK, because what is worth trying is decided in `faults.ts` and done in `retries.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import type { EndpointWatch } from '../../../application/ports.ts';
import { HangtagError } from '../../../domain/errors.ts';
import { type Circuit, type CircuitOptions, createCircuit, usualCircuit } from './circuit.ts';
import { judge, type Verdict } from './faults.ts';
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
  /** Milliseconds until a connection stands, at most. */
  readonly connectMs?: number;
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
  /**
   * The wait before a call for what a container answered is not possible just now, by the rules for calls that failed;
   * `attempt` counts from 1. false: it shall not be asked again. Refuses with `request.cancelled`.
   */
  pause(attempt: number, fault: Verdict, limits: CallLimits): Promise<boolean>;
  /** Why the endpoint is left alone right now; null while it is asked. */
  reason(): string | null;
  /** It is left alone, and not even tried. */
  resting(): boolean;
  /** Ends what is under way, and refuses everything from then on. */
  close(): void;
}

export interface CallLimits {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

const usualConnectMs = 2_000;

export function createRuntime(options: RuntimeOptions): Runtime {
  const { endpoint, variant, inferenceComponent, region, sockets, watch } = options;
  const client = new SageMakerRuntimeClient({
    ...(region === null ? {} : { region }),
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: options.connectMs ?? usualConnectMs,
      throwOnRequestTimeout: true,
      httpsAgent: { keepAlive: true, maxSockets: sockets },
      httpAgent: { keepAlive: true, maxSockets: sockets },
    },
  });
  const now = () => performance.now();
  const underWay = new Set<AbortController>();
  let closed = false;
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

  /** Work that its deadline ends, its caller, or the end of all this. */
  async function within<T>(
    { deadlineMs, signal }: CallLimits,
    work: (signal: AbortSignal, deadline: number) => Promise<T>,
  ): Promise<T> {
    if (closed) throw shutDown();
    const over = new AbortController();
    const end = () => over.abort();
    const timer = setTimeout(end, deadlineMs);
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
    underWay.add(over);
    try {
      return await work(over.signal, now() + deadlineMs);
    } catch (error) {
      if (signal?.aborted) throw cancelled(signal.reason);
      if (closed) throw shutDown();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      underWay.delete(over);
    }
  }

  return {
    invoke: (call, read, limits) =>
      circuit.run(async () => {
        try {
          const result = await within(limits, (signal, deadline) =>
            retrying.run(() => once(call, read, signal), deadline, signal),
          );
          trouble = null;
          return result;
        } catch (error) {
          if (error instanceof HangtagError && error.code !== 'request.cancelled') trouble = error.message;
          throw error;
        }
      }),
    async pause(attempt, fault, limits) {
      const again = await within(limits, (signal, deadline) =>
        retrying.pause(attempt, fault, deadline, signal),
      );
      if (limits.signal?.aborted) throw cancelled(limits.signal.reason);
      return again;
    },
    reason: () => (circuit.state() === 'closed' ? null : (trouble ?? 'The endpoint keeps failing.')),
    resting: () => circuit.state() === 'open',
    close() {
      closed = true;
      for (const call of underWay) call.abort();
      client.destroy();
    },
  };
}

function cancelled(cause: unknown): HangtagError {
  return new HangtagError('request.cancelled', 'The request was given up before it was answered.', { cause });
}

function shutDown(): HangtagError {
  return new HangtagError('inference.unavailable', 'The model is shutting down.', { retryAfter: 5 });
}
