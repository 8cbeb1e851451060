/** What is counted of calls to a model's endpoint, and of the captions it encodes. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { EndpointWatch } from '../../application/ports.ts';

/** Texts of the taxonomy that have vectors, and in all. */
export interface CaptionLoad {
  readonly texts: number;
  readonly ofTexts: number;
}

const circuitStates = ['closed', 'open', 'half-open'] as const;

/** Once for a registry, and only where there is an endpoint: a service without one shows none of this. */
export function createEndpointWatch(registry: Registry): EndpointWatch {
  const registers = [registry];
  const calls = new Counter({
    name: 'hangtag_endpoint_calls_total',
    help: 'Calls of the model’s endpoint, each try by itself: ok or failed.',
    labelNames: ['result'] as const,
    registers,
  });
  const durations = new Histogram({
    name: 'hangtag_endpoint_call_duration_seconds',
    help: 'From sending a call to the end of its answer, each try by itself.',
    labelNames: ['result'] as const,
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const retries = new Counter({
    name: 'hangtag_endpoint_retries_total',
    help: 'Tries that followed a failed one: again after a fault, later because the endpoint asked for room.',
    labelNames: ['chance'] as const,
    registers,
  });
  const circuit = new Gauge({
    name: 'hangtag_endpoint_circuit',
    help: '1 for the state that the endpoint is in: closed it is asked, open it is left alone, half-open one call finds out.',
    labelNames: ['state'] as const,
    registers,
  });
  for (const result of ['ok', 'failed']) calls.inc({ result }, 0);
  for (const chance of ['again', 'later']) retries.inc({ chance }, 0);
  const enter = (current: (typeof circuitStates)[number]) => {
    for (const state of circuitStates) circuit.set({ state }, state === current ? 1 : 0);
  };
  enter('closed');
  return {
    called(result, seconds) {
      calls.inc({ result });
      durations.observe({ result }, seconds);
    },
    retried: (chance) => retries.inc({ chance }),
    circuit: enter,
  };
}

/** Read when somebody looks; nothing where the model brings its own vectors. */
export function registerCaptions(registry: Registry, read: () => CaptionLoad | null): void {
  new Gauge({
    name: 'hangtag_captions',
    help: 'Captions of the taxonomy: known have their vectors, missing are encoded in the background or when needed.',
    labelNames: ['state'] as const,
    registers: [registry],
    collect() {
      const load = read();
      this.reset();
      if (!load) return;
      this.set({ state: 'known' }, load.texts);
      this.set({ state: 'missing' }, load.ofTexts - load.texts);
    },
  });
}
