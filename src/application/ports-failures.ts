/** Accepted work that ended as failed, kept with its request for 7 days, so that it can be tried again by hand. */
import type { Operation, WorkSource } from './ports-work.ts';

export interface Failure {
  /** Of its operation. */
  readonly id: string;
  readonly source: WorkSource;
  readonly productId: string;
  readonly error: NonNullable<Operation['error']>;
  readonly attempts: number;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  readonly failedAt: string;
}

/** Where a page ended. */
export interface FailurePosition {
  /** When it failed, microseconds since 1970. */
  readonly key: number;
  readonly id: string;
}

export interface FailurePage {
  readonly items: readonly Failure[];
  /** null at the end. */
  readonly next: FailurePosition | null;
}

/** Refuses with `store.unavailable`. A deleted product takes its failures along. */
export interface Failures {
  /** Newest first. */
  list(limit: number, after: FailurePosition | null): Promise<FailurePage>;
  /**
   * Queued again in its place in the order of inputs, its attempts counted anew: durable once resolved. Raises
   * `operation.not_found`; `operation.conflict` where it is not failed, or its request is not kept.
   */
  retry(id: string): Promise<Operation>;
  /** How many there are, by source; sources without any are absent. */
  count(): Promise<ReadonlyMap<WorkSource, number>>;
}
