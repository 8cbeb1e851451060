/** What accepted work needs from outside: where it is kept, and what hands it out. See `ports.ts` for the rest. */

import type { ErrorCode, HangtagError } from '../domain/errors.ts';
import type { CatalogEvent } from '../domain/events/catalog-event.ts';
import type { ImageReference } from '../domain/image-reference.ts';

/** One picture of the request: its bytes, where it is to be fetched from, or the fault that kept the door from reading it. */
export interface ImageInput {
  readonly content: Uint8Array | ImageReference | HangtagError;
  readonly view: string | null;
  readonly variant: string | null;
  readonly ref: string | null;
}

/** What a caller asks of tagging, after the door has read it. */
export interface TagRequest {
  readonly productId: string;
  /** 1 to 8. */
  readonly images: readonly ImageInput[];
  /** A taxonomy id, its name or synonym, a Shopify category GID or a Google category id. */
  readonly category: string | null;
  readonly title: string | null;
  /** Only these are decided and rewritten; null for all. Ids of the taxonomy, already resolved and known. */
  readonly attributes: readonly string[] | null;
  /** Fill `explain` of each decision and `candidates` even where accepted. */
  readonly explain: boolean;
  /** false: answer only, nothing is written. */
  readonly store: boolean;
}

/** Work that was accepted and is done later; callers follow it by id for 7 days. */
export interface Operation {
  /** A UUID. */
  readonly id: string;
  readonly productId: string;
  readonly state: 'queued' | 'running' | 'done' | 'failed';
  /** The product's revision once done. */
  readonly revision: number | null;
  /** Why it failed, or why the last attempt did while another will follow. */
  readonly error: { readonly code: ErrorCode; readonly detail: string } | null;
  /** Begun so far. */
  readonly attempts: number;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A tagging to be done later, with its pictures and its place in the order of inputs. */
export interface AcceptedTagging {
  readonly operationId: string;
  readonly request: TagRequest;
  readonly sequence: number;
  readonly call: AnsweredCall | null;
}

/** A verified event to be worked into its product later. Its id at `/operations/:id` is what its sender was told. */
export interface AcceptedEvent {
  readonly operationId: string;
  readonly source: Exclude<WorkSource, 'requests' | 'imports'>;
  readonly event: CatalogEvent;
  readonly sequence: number;
  /** RFC 3339, UTC: stands in for the time of an event that says none. */
  readonly receivedAt: string;
}

export type AcceptedWork =
  | { readonly kind: 'tagging'; readonly tagging: AcceptedTagging }
  | { readonly kind: 'event'; readonly accepted: AcceptedEvent };

/** A call with an `Idempotency-Key`: who sent which key, and a hash of what was asked. */
export interface AnsweredCall {
  /** The access key's id, or nothing where there are none: callers cannot meet each other's keys. */
  readonly scope: string;
  readonly key: string;
  /** sha256, hex. */
  readonly content: string;
}

/**
 * Accepted work, durable together with the promise that it will be done. Refuses with `store.unavailable`; every
 * resolved call survives a crash.
 */
export interface Operations {
  /** Raises `idempotency.conflict` where the call's key was used for something else; the same call gives the same operation. */
  accept(tagging: AcceptedTagging): Promise<Operation>;
  find(id: string): Promise<Operation | null>;
  /** Counts an attempt. Null where nothing is left to do: done, failed, or its product deleted. */
  begin(id: string): Promise<{ readonly work: AcceptedWork; readonly attempts: number } | null>;
  /** Done: request and pictures are forgotten. Failed: they are kept, to be tried again (`ports-failures.ts`). `revision` null: nothing of the product stands, because it was deleted. */
  end(id: string, outcome: { readonly revision: number | null } | { readonly error: Fault }): Promise<void>;
  /** The attempt failed; another will follow. */
  postpone(id: string, error: Fault): Promise<void>;
  /**
   * Nothing can be done with it just now, through no fault of its own: an attempt begun does not count, and the work is
   * handed out again after so many seconds, durable with that promise.
   */
  hold(id: string, error: Fault, afterSeconds: number): Promise<void>;
}

export interface Fault {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** Where accepted work comes from. Turns are taken by source: no one of them keeps the others waiting. */
export const workSources = ['requests', 'catalog', 'shopify', 'woocommerce', 'imports'] as const;
export type WorkSource = (typeof workSources)[number];

/** One piece of accepted work: an operation, or (imports) the next lines of an import. */
export interface Job {
  readonly source: WorkSource;
  /** Of the operation, or of the import. */
  readonly id: string;
}

/** One statement (or several without values) on the store's database, inside a transaction where one is meant. */
export type ExecuteSql = (
  text: string,
  values?: readonly unknown[],
) => Promise<{ readonly rows: Record<string, unknown>[] }>;

/** Puts jobs into the queue through the transaction that accepts the work: both last, or neither. */
export type EnqueueWithin = (
  execute: ExecuteSql,
  jobs: readonly Job[],
  afterSeconds?: number,
) => Promise<void>;

/** Does a piece of work. `stopping` is raised where the process is about to end: what can end early, should. */
export type HandleJob = (job: Job, stopping: AbortSignal) => Promise<void>;

/** Hands out accepted work, each piece at least once. */
export interface WorkQueue {
  /**
   * `handle` throws: the job comes again later, after a growing wait. `concurrency` at once, at most. Called once.
   * `busy`: callers wait for answers of this process just now; imports then wait for a moment before they begin.
   */
  work(handle: HandleJob, concurrency: number, busy?: () => boolean): Promise<void>;
  /** Look for work now: some was accepted in this process. */
  notify(): void;
  /** Jobs that wait, those put off included. */
  depth(): Promise<number>;
  /** Hands out nothing more, and resolves when those in work are done, or after `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>;
}

/** Processes that work on one store: each is known by its signs of life, so that what a dead one had begun is done by another. */
export interface Workers {
  /** The worker lives. */
  beat(id: string): Promise<void>;
  /**
   * Puts back what workers had begun that gave no sign of life for so many seconds. Of all that live, one does it; the
   * others find nothing. Gives how many jobs.
   */
  takeBack(id: string, silentSeconds: number): Promise<number>;
  /** The worker ends: what it has not finished is put back, and it is known no more. */
  leave(id: string): Promise<void>;
}
