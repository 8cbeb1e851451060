/** How the work queue's tables come into a database: for a copy of the store, which takes the queued jobs along. */
import PgBoss from 'pg-boss';

/** SQL of several statements, for a database without the queue's schema. */
export function queueConstruction(schema: string): string {
  return PgBoss.getConstructionPlans(schema);
}
