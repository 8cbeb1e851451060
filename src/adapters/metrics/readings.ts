/** Gauges that are read when somebody looks, and not before: what nobody needs to be told of as it changes. */
import { Gauge, type Registry } from 'prom-client';
import { type WorkSource, workSources } from '../../application/ports-work.ts';

/** The service's door as it stands. */
export interface DoorLoad {
  /** Of bodies being received and worked. */
  bytesInFlight(): number;
  /** Milliseconds by which the event loop comes late, on average; absent where nobody measures it. */
  lagMs?(): number;
}

/** Connections to a database server. */
export interface PoolLoad {
  readonly busy: number;
  readonly idle: number;
  /** Calls that wait for a connection. */
  readonly waiting: number;
}

/** Accepted work. */
export interface WorkLoad {
  /** For its turn, or its next attempt. */
  waiting(): Promise<number>;
  /** By source, where any is kept. */
  failed(): Promise<ReadonlyMap<WorkSource, number>>;
}

export interface Readings {
  door(load: DoorLoad): void;
  databasePool(read: () => PoolLoad): void;
  work(load: WorkLoad): void;
  /** Events that wait for their delivery. */
  deliveriesWaiting(count: () => Promise<number>): void;
}

export function createReadings(registry: Registry): Readings {
  const registers = [registry];
  /** Read from the store. One that does not answer takes nothing else from whoever looks at the rest. */
  const counted = (name: string, help: string, count: () => Promise<number>) => {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers,
      collect: () =>
        count().then(
          (items) => gauge.set(items),
          () => gauge.reset(),
        ),
    });
  };
  return {
    door({ bytesInFlight, lagMs }) {
      new Gauge({
        name: 'hangtag_http_bytes_in_flight',
        help: 'Bytes of the bodies being received and worked, by what they announced.',
        registers,
        collect() {
          this.set(bytesInFlight());
        },
      });
      if (!lagMs) return;
      new Gauge({
        name: 'hangtag_event_loop_lag_seconds',
        help: 'How late a turn of the event loop came, on average over the last second. Uploads are refused above 0.25.',
        registers,
        collect() {
          this.set(lagMs() / 1000);
        },
      });
    },
    databasePool(read) {
      new Gauge({
        name: 'hangtag_database_connections',
        help: 'Connections to PostgreSQL: busy ones have a call in work, idle ones wait for one.',
        labelNames: ['state'] as const,
        registers,
        collect() {
          const { busy, idle } = read();
          this.set({ state: 'busy' }, busy);
          this.set({ state: 'idle' }, idle);
        },
      });
      new Gauge({
        name: 'hangtag_database_waiting',
        help: 'Calls that wait for a connection to PostgreSQL.',
        registers,
        collect() {
          this.set(read().waiting);
        },
      });
    },
    work({ waiting, failed }) {
      counted(
        'hangtag_work_waiting',
        'Accepted work (async=true, events, imports) that waits for its turn or its next attempt.',
        waiting,
      );
      const failures: Gauge<'source'> = new Gauge({
        name: 'hangtag_work_failed',
        help: 'Accepted work that failed and is kept, by where it came from; GET /admin/failures lists it.',
        labelNames: ['source'] as const,
        registers,
        collect: () =>
          failed().then(
            (counts) => {
              for (const source of workSources) failures.set({ source }, counts.get(source) ?? 0);
            },
            () => failures.reset(),
          ),
      });
    },
    deliveriesWaiting: (count) =>
      counted(
        'hangtag_deliveries_waiting',
        'Deliveries to active subscriptions that wait for their turn or their next attempt.',
        count,
      ),
  };
}
