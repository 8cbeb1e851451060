/** What deploying to AWS needs from outside: a packed folder, a bucket, stacks, an endpoint, time. See `ports.ts` for the rest. */

/** Every refusal and failure of deploying, in words for whoever ran the command: no secret and no request in it. */
export class DeployFault extends Error {
  /** Nothing was begun: the request or the surroundings are wrong. Otherwise something was tried and failed. */
  readonly nothingBegun: boolean;
  constructor(message: string, options: { nothingBegun?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DeployFault';
    this.nothingBegun = options.nothingBegun ?? false;
  }
}

/** A folder as one .tar.gz. The same files give the same bytes, on every machine. */
export interface PackedFolder {
  readonly bytes: Uint8Array;
  /** Of the bytes, 64 lower-case hex digits. */
  readonly sha256: string;
  /** Names as in the archive, in its order; bytes. */
  readonly files: readonly { readonly name: string; readonly size: number }[];
}

/** Where a packed folder goes. */
export interface Place {
  readonly bucket: string;
  readonly key: string;
  /** Encrypt under this key instead of the bucket's default. */
  readonly kmsKey: string | null;
}

export interface Artifacts {
  /** The region of the bucket, if S3 tells. Throws where the bucket is not there or may not be used. */
  region(bucket: string): Promise<string | null>;
  /** Whether these very bytes are there: same size, same checksum. */
  holds(place: Place, packed: PackedFolder): Promise<boolean>;
  /** `onSent`: bytes so far, again from 0 when an interrupted upload starts anew. */
  put(place: Place, packed: PackedFolder, onSent: (bytes: number) => void): Promise<void>;
}

export interface Stack {
  readonly id: string;
  readonly name: string;
  /** CloudFormation's: CREATE_COMPLETE, ROLLBACK_COMPLETE, … */
  readonly status: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface StackEvent {
  readonly id: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** The name in the template; the stack's own name where `ofStack`. */
  readonly resource: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string | null;
  readonly ofStack: boolean;
}

export interface ResourceChange {
  readonly action: 'Add' | 'Modify' | 'Remove' | 'Other';
  readonly resource: string;
  readonly type: string;
  /** The resource is made anew, and the old one goes. */
  readonly replaces: boolean;
}

/** What would change, worked out by AWS and not yet done. */
export interface ChangeSet {
  readonly id: string;
  readonly stackId: string;
  readonly changes: readonly ResourceChange[];
}

export interface StackRequest {
  readonly name: string;
  /** true: there is no such stack, or an empty one. */
  readonly creates: boolean;
  /** null: the template that the stack has, and its parameters but for those given here. */
  readonly template: string | null;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Stacks {
  region(): Promise<string>;
  /** By name or, for one that was deleted, by id. */
  find(nameOrId: string): Promise<Stack | null>;
  /** null: nothing would change. */
  prepare(request: StackRequest): Promise<ChangeSet | null>;
  execute(changeSet: ChangeSet): Promise<void>;
  discard(changeSet: ChangeSet): Promise<void>;
  remove(id: string): Promise<void>;
  /** Oldest first; only what came after the event `after`, or everything. */
  events(id: string, after: string | null): Promise<readonly StackEvent[]>;
}

/** One real call of an endpoint. The answer is whatever JSON came; milliseconds on our side. */
export type InvokeEndpoint = (
  endpoint: string,
  body: Readonly<Record<string, unknown>>,
) => Promise<{ readonly answer: unknown; readonly ms: number }>;

/** Rejects when whoever waits gives up. */
export type Pause = () => Promise<void>;
