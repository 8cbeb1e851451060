/** Journeys that take long are made where this is set: by the rings of `.ci/run`, on PostgreSQL and for robustness. */
export const longRuns = process.env.LONG_RUNS !== undefined;
