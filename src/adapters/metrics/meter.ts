/** What is counted and timed, in a registry of its own, as Prometheus text. Labels come from closed sets only. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { EndpointWatch, QueueWatch } from '../../application/ports.ts';
import type { CountEvent } from '../../application/ports-catalog.ts';
import { type CaptionLoad, createEndpointWatch, registerCaptions } from './endpoint-watch.ts';
import { createEventCounter } from './event-counter.ts';
import { createImportReadings, type ImportReadings } from './import-readings.ts';
import { createReadings, type Readings } from './readings.ts';

export type Stage = 'decode' | 'colour' | 'inference' | 'store';

/** One answered request. `route` is a pattern such as `/products/:id/tags`, never a path that somebody sent. */
export interface AnsweredRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
  /** Of the problem that it was answered with. */
  readonly fault: string | null;
}

export interface Meter extends Readings, ImportReadings {
  request(answered: AnsweredRequest): void;
  stage(stage: Stage, seconds: number): void;
  /** Distinct images of one request: found in the store, or to be worked. */
  images(found: number, missing: number): void;
  decision(attribute: string, status: string, reason: string): void;
  /** An event of a shop, by what became of it at the door. */
  readonly event: CountEvent;
  readonly inferenceQueue: QueueWatch;
  readonly decodeQueue: QueueWatch;
  /** One attempt at delivering an event. */
  delivery(outcome: 'delivered' | 'retried' | 'failed'): void;
  /** Seconds of one inference, waiting included, on average of the latest; null before the first. */
  recentInference(): number | null;
  /** For a service whose model is behind an endpoint; called once. */
  endpoint(): EndpointWatch;
  /** For a model with a text tower; called once. */
  captions(read: () => CaptionLoad | null): void;
  /** The text exposition format, with its content type. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** `process`: also memory, CPU, event loop and garbage collection of this process; once per process is enough. */
export function createMeter({ process = false }: { readonly process?: boolean } = {}): Meter {
  const registry = new Registry();
  const registers = [registry];
  if (process) collectDefaultMetrics({ register: registry });

  const requests = new Counter({
    name: 'hangtag_http_requests_total',
    help: 'Requests answered. Status 499: the caller went away first.',
    labelNames: ['method', 'route', 'status'] as const,
    registers,
  });
  const durations = new Histogram({
    name: 'hangtag_http_request_duration_seconds',
    help: 'From the request line to the last byte of the answer.',
    labelNames: ['route'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const faults = new Counter({
    name: 'hangtag_http_faults_total',
    help: 'Requests refused or failed, by the code of their problem: request.rate_limited, service.overloaded and so on.',
    labelNames: ['code'] as const,
    registers,
  });
  const stages = new Histogram({
    name: 'hangtag_stage_duration_seconds',
    help: 'Steps of tagging. decode and inference include waiting for their turn; store is one call to the store.',
    labelNames: ['stage'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const batches = new Histogram({
    name: 'hangtag_inference_batch_size',
    help: 'Images in one call of the model.',
    buckets: [1, 2, 3, 4, 6, 8, 16, 32],
    registers,
  });
  const inferenceWaiting = new Gauge({
    name: 'hangtag_inference_waiting',
    help: 'Images waiting for the model.',
    registers,
  });
  const decodeWaiting = new Gauge({
    name: 'hangtag_decode_waiting',
    help: 'Images waiting to be decoded.',
    registers,
  });
  const inferenceRunning = new Gauge({
    name: 'hangtag_inference_running',
    help: 'Calls of the model in work; INFERENCE_WORKERS or SAGEMAKER_CONCURRENCY at most.',
    registers,
  });
  const decodeRunning = new Gauge({
    name: 'hangtag_decode_running',
    help: 'Cores that decoding takes right now, by the weight of the pictures in work; as many as there are at most.',
    registers,
  });
  const cache = new Counter({
    name: 'hangtag_image_cache_total',
    help: 'Distinct images of a request: hit was worked before under this model, miss was not.',
    labelNames: ['result'] as const,
    registers,
  });
  const decisions = new Counter({
    name: 'hangtag_decisions_total',
    help: 'Decisions by the model, per product and variant; reason is empty unless it abstained.',
    labelNames: ['attribute', 'status', 'reason'] as const,
    registers,
  });
  const event = createEventCounter(registry);
  const deliveries = new Counter({
    name: 'hangtag_deliveries_total',
    help: 'Attempts at delivering an event to a subscriber: delivered, retried (another follows), failed (none follows).',
    labelNames: ['outcome'] as const,
    registers,
  });
  // A rate needs its series to be there before the first event.
  for (const outcome of ['delivered', 'retried', 'failed']) deliveries.inc({ outcome }, 0);
  cache.inc({ result: 'hit' }, 0);
  cache.inc({ result: 'miss' }, 0);

  let inference: number | null = null;
  return {
    ...createReadings(registry),
    ...createImportReadings(registry),
    request({ method, route, status, seconds, fault }) {
      requests.inc({ method, route, status: String(status) });
      if (fault !== null) faults.inc({ code: fault });
      durations.observe({ route }, seconds);
    },
    stage(stage, seconds) {
      stages.observe({ stage }, seconds);
      // About the latest twenty.
      if (stage === 'inference') inference = inference === null ? seconds : inference * 0.95 + seconds * 0.05;
    },
    recentInference: () => inference,
    images(found, missing) {
      cache.inc({ result: 'hit' }, found);
      cache.inc({ result: 'miss' }, missing);
    },
    decision: (attribute, status, reason) => decisions.inc({ attribute, status, reason }),
    event,
    delivery: (outcome) => deliveries.inc({ outcome }),
    inferenceQueue: {
      waiting: (items) => inferenceWaiting.set(items),
      sent: (items) => batches.observe(items),
      running: (batches) => inferenceRunning.set(batches),
    },
    decodeQueue: {
      waiting: (items) => decodeWaiting.set(items),
      sent: () => {},
      running: (weight) => decodeRunning.set(weight),
    },
    endpoint: () => createEndpointWatch(registry),
    captions: (read) => registerCaptions(registry, read),
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
