/** What is counted of imports. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface ImportReadings {
  /** A line that is done with, or put off. */
  importLine(outcome: ImportOutcome): void;
  /** Lines that wait, of all imports; read when somebody looks. */
  importsWaiting(read: () => Promise<number>): void;
}

export const importOutcomes = ['changed', 'unchanged', 'failed', 'again', 'released'] as const;
export type ImportOutcome = (typeof importOutcomes)[number];

export function createImportReadings(registry: Registry): ImportReadings {
  const lines = new Counter({
    name: 'hangtag_import_items_total',
    help: 'Lines of imports worked: changed or unchanged products, failed, again (another try follows), released (not tried).',
    labelNames: ['outcome'] as const,
    registers: [registry],
  });
  for (const outcome of importOutcomes) lines.inc({ outcome }, 0);
  return {
    importLine: (outcome) => lines.inc({ outcome }),
    importsWaiting(read) {
      const gauge: Gauge = new Gauge({
        name: 'hangtag_import_items_waiting',
        help: 'Lines of imports that are not done, those of paused imports included.',
        registers: [registry],
        collect: () =>
          read().then(
            (count) => gauge.set(count),
            () => gauge.reset(),
          ),
      });
    },
  };
}
