/** What imports need from outside: where they are kept, and what reads a source that was named. See `ports.ts` for the rest. */
import type { Problem } from '../domain/errors.ts';
import type { ImageReference } from '../domain/image-reference.ts';
import type { Fault } from './ports-work.ts';

/**
 * receiving: its lines arrive. planning: all of them are durable, and what they cost is worked out. `cancelled` and `failed` leave what
 * was done as it is; of one that failed nothing ran.
 */
export const importStates = [
  'receiving',
  'planning',
  'running',
  'paused',
  'finished',
  'cancelled',
  'failed',
] as const;
export type ImportState = (typeof importStates)[number];

/** The body of the call, or a file that is named. */
export type ImportSource = { readonly kind: 'body' } | ImageReference;

export interface Import {
  /** A UUID. */
  readonly id: string;
  readonly state: ImportState;
  /** Plan only: nothing is tagged. */
  readonly dryRun: boolean;
  /** A URL without its query, which may hold a signature. */
  readonly source: ImportSource;
  readonly plan: {
    /** Lines that are not blank; those that cannot be read; those that only repeat another. */
    readonly total: number;
    readonly invalid: number;
    readonly repeated: number;
    /** Named in all lines that can be read. */
    readonly images: number;
    /** `inferences`: distinct pictures that were never fetched before. Null: not known. */
    readonly estimate: { readonly inferences: number | null; readonly seconds: number | null };
  };
  readonly progress: {
    /** The other three together: `plan.total` at the end. */
    readonly done: number;
    readonly changed: number;
    /** Repeated lines too. */
    readonly unchanged: number;
    /** Invalid lines too. */
    readonly failed: number;
    /** Lines a second, lately; null where nothing was measured. */
    readonly ratePerSecond: number | null;
    /** Null where it does not run, or no rate is known. */
    readonly etaSeconds: number | null;
  };
  readonly error: Fault | null;
  /** RFC 3339, UTC. What its lines say was said then. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly finishedAt: string | null;
}

/** A line as it is kept. */
export interface ReceivedLine {
  readonly line: number;
  readonly productId: string | null;
  /** Of its text, product included, hex; null where there is none, or where it cannot be read. */
  readonly hash: string | null;
  /** As it came; null where it is too long or no text. */
  readonly body: string | null;
  /** Empty: it can be run. */
  readonly problems: readonly Problem[];
}

/** Lines that are made durable together, and what the plan counts of them. */
export interface ReceivedBatch {
  readonly lines: readonly ReceivedLine[];
  readonly images: number;
  readonly inferences: number;
}

export interface ClaimedLine {
  readonly line: number;
  readonly body: string;
  /** Its place in the order of inputs. */
  readonly sequence: number;
  /** Begun so far, this one included; names the claim. */
  readonly attempts: number;
}

/** What is to be done next for an import. */
export type Turn =
  /** Nothing, by this job: it is over, paused, or somebody else's. */
  | { readonly kind: 'over' }
  | { readonly kind: 'fetch'; readonly source: ImageReference; readonly tries: number }
  | { readonly kind: 'plan'; readonly lines: number; readonly inferences: number }
  | { readonly kind: 'chunk'; readonly createdAt: string; readonly lines: readonly ClaimedLine[] };

export type LineOutcome =
  | { readonly kind: 'changed' | 'unchanged' }
  | { readonly kind: 'failed'; readonly fault: Fault }
  /** Another try follows, after so many seconds. */
  | { readonly kind: 'again'; readonly fault: Fault; readonly afterSeconds: number }
  /** Not tried, or not for a fault of its own: the attempt does not count. */
  | { readonly kind: 'released'; readonly afterSeconds: number };

export interface SettledLine {
  readonly line: number;
  readonly attempts: number;
  readonly outcome: LineOutcome;
}

export interface FailedLine {
  readonly line: number;
  readonly productId: string | null;
  readonly code: string;
  readonly detail: string;
  /** Every problem of a line that cannot be read; empty for others. */
  readonly errors: readonly Problem[];
}

export interface Opening {
  readonly id: string;
  readonly source: ImportSource;
  readonly dryRun: boolean;
  /** Of an `Idempotency-Key`: within 24 hours the same key gives the same import, unless that failed. */
  readonly call: { readonly scope: string; readonly key: string } | null;
}

export interface ListedAfter {
  /** Microseconds since 1970. */
  readonly created: number;
  readonly id: string;
}

/**
 * Imports with their lines, and the jobs that do them. Every resolved call survives a crash. Refuses with `store.unavailable`,
 * `import.not_found`, and `job.conflict` where an import is in no state for it.
 */
export interface Imports {
  /** `fresh: false`: it was there already. Raises `idempotency.conflict` where the key was used for another source. */
  open(opening: Opening): Promise<{ readonly found: Import; readonly fresh: boolean }>;
  /** Only while receiving. A line that a later one repeats is skipped. */
  append(id: string, batch: ReceivedBatch): Promise<void>;
  /** No line is missing: from here on nothing is lost. */
  accept(id: string): Promise<Import>;
  /** What was received is kept for a look, and never run. Nothing where it is received no longer. */
  fail(id: string, error: Fault): Promise<void>;
  /** Of a source that is named: forgets what was received, to be read again after so many seconds. */
  restart(id: string, error: Fault, afterSeconds: number): Promise<void>;
  find(id: string): Promise<Import>;
  /** Newest first. */
  list(
    limit: number,
    after: ListedAfter | null,
  ): Promise<{ readonly items: readonly Import[]; readonly next: ListedAfter | null }>;
  /** By line, after that one. */
  failures(id: string, limit: number, after: number): Promise<readonly FailedLine[]>;
  /** The failed lines as they came, where that could be kept. */
  failedBodies(
    id: string,
    limit: number,
    after: number,
  ): Promise<readonly { readonly line: number; readonly body: string }[]>;
  pause(id: string): Promise<Import>;
  resume(id: string): Promise<Import>;
  cancel(id: string): Promise<Import>;

  /** For a job. Lines that are claimed are the caller's for `leaseSeconds`. `limit` 0: a chunk is without lines. */
  claim(id: string, limit: number, leaseSeconds: number): Promise<Turn>;
  /** A planned import runs, or is finished where only a plan was asked for. `seconds` null: nobody can tell. */
  plan(id: string, seconds: number | null): Promise<void>;
  /** Holds these claims for longer. False: the import runs no more, and what was not begun is to be released. */
  renew(
    id: string,
    claims: readonly Pick<SettledLine, 'line' | 'attempts'>[],
    leaseSeconds: number,
  ): Promise<boolean>;
  /** What came of a chunk, together with the job for the next one (`afterSeconds` later) or the end of the import. */
  settle(id: string, lines: readonly SettledLine[], afterSeconds: number): Promise<void>;
  /** Nothing can be done just now: the job comes again later. */
  putOff(id: string, afterSeconds: number): Promise<void>;
  /**
   * Imports that nobody works on although somebody should: bodies that broke off with their process fail, all others get a job.
   * `alone`: no other process can be at work, so whatever was claimed is free again.
   */
  wake(alone: boolean): Promise<void>;
  /** Lines that wait, of all imports that are not over. */
  waiting(): Promise<number>;
}

/**
 * A text that is named, as it arrives. Refuses as `FetchImage` does, before and while it is read; `signal` ends it.
 */
export type OpenText = (reference: ImageReference, signal: AbortSignal) => AsyncIterable<Uint8Array>;
