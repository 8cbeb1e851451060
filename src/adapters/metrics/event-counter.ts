/** What is counted of events that shops send. */
import { Counter, type Registry } from 'prom-client';
import type { CountEvent } from '../../application/ports-catalog.ts';

const senders = ['catalog', 'shopify', 'woocommerce'] as const;
const outcomes = ['accepted', 'duplicate', 'ignored', 'refused'] as const;

export function createEventCounter(registry: Registry): CountEvent {
  const events = new Counter({
    name: 'hangtag_events_received_total',
    help: 'Events of shops: accepted, duplicate of one that came before, ignored for its topic, or refused for its signature or its body.',
    labelNames: ['source', 'outcome'] as const,
    registers: [registry],
  });
  for (const source of senders) for (const outcome of outcomes) events.inc({ source, outcome }, 0);
  return (source, outcome) => events.inc({ source, outcome });
}
