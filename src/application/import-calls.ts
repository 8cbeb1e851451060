/** What whoever runs the service may ask of imports. */
import { HangtagError } from '../domain/errors.ts';
import type { ImageReference } from '../domain/image-reference.ts';
import type { FailedLine, Import, Imports, Opening } from './ports-imports.ts';
import type { ReceiveImport } from './receive-import.ts';

export type ImportCall = Opening['call'];

export interface ImportCalls {
  /** Resolves once every line is durable. A body that breaks off leaves an import that failed, of which nothing runs. */
  receive(body: AsyncIterable<Uint8Array>, dryRun: boolean, call: ImportCall): Promise<Import>;
  /** The source is read later. */
  name(source: ImageReference, dryRun: boolean, call: ImportCall): Promise<Import>;
  read(id: string): Promise<Import>;
  list: Imports['list'];
  /** `next`: the line to go on after; null at the end. */
  failures(
    id: string,
    limit: number,
    after: number,
  ): Promise<{ readonly items: readonly FailedLine[]; readonly next: number | null }>;
  /** The failed lines as they came, to be mended and sent again. Raises `import.not_found` before the first. */
  failedBodies(id: string): Promise<AsyncIterable<string>>;
  pause(id: string): Promise<Import>;
  resume(id: string): Promise<Import>;
  cancel(id: string): Promise<Import>;
}

export interface ImportCallsNeeds {
  readonly imports: Imports;
  readonly receiveImport: ReceiveImport;
  readonly newId: () => string;
  /** Tells the queue of this process that there is work. */
  readonly notify: () => void;
}

/** Seconds after which whoever sends a key again may find out what became of the first call. */
const lookAgain = 5;
const bodiesAtOnce = 50;

export function createImportCalls(needs: ImportCallsNeeds): ImportCalls {
  const { imports, receiveImport, newId, notify } = needs;
  const told = async (changed: Promise<Import>) => {
    const found = await changed;
    notify();
    return found;
  };

  return {
    async receive(body, dryRun, call) {
      const { found, fresh } = await imports.open({ id: newId(), source: { kind: 'body' }, dryRun, call });
      if (!fresh) {
        if (found.state !== 'receiving') return found;
        const detail = 'An import with this Idempotency-Key is being received just now.';
        throw new HangtagError('service.overloaded', detail, { retryAfter: lookAgain });
      }
      try {
        const lines = await receiveImport(found.id, body);
        if (lines === 0) throw new HangtagError('request.malformed', 'There is no line in the body.');
        return await told(imports.accept(found.id));
      } catch (error) {
        const known = error instanceof HangtagError ? error : brokenOff(error);
        // Where the store is away too, the import fails once nothing was heard of it for a while.
        await imports.fail(found.id, { code: known.code, detail: known.message }).catch(() => {});
        throw known;
      }
    },
    name: (source, dryRun, call) =>
      told(imports.open({ id: newId(), source, dryRun, call }).then(({ found }) => found)),
    read: (id) => imports.find(id),
    list: (limit, after) => imports.list(limit, after),
    async failures(id, limit, after) {
      await imports.find(id);
      const found = await imports.failures(id, limit + 1, after);
      const items = found.slice(0, limit);
      return { items, next: found.length > limit ? (items.at(-1)?.line ?? null) : null };
    },
    async failedBodies(id) {
      await imports.find(id);
      return bodies(id);
    },
    pause: (id) => imports.pause(id),
    resume: (id) => told(imports.resume(id)),
    cancel: (id) => imports.cancel(id),
  };

  async function* bodies(id: string): AsyncGenerator<string> {
    for (let after = 0; ; ) {
      const found = await imports.failedBodies(id, bodiesAtOnce, after);
      for (const { body } of found) yield `${body}\n`;
      const last = found.at(-1);
      if (!last) return;
      after = last.line;
    }
  }
}

function brokenOff(error: unknown): HangtagError {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) {
    return new HangtagError('service.internal', 'Something went wrong here.', { cause: error });
  }
  const detail = 'The body broke off; nothing of it is run.';
  return new HangtagError('request.cancelled', detail, { cause: error });
}

/** For a process that keeps nothing. */
export const noImports: ImportCalls = {
  receive: unsupported,
  name: unsupported,
  read: unsupported,
  list: unsupported,
  failures: unsupported,
  failedBodies: unsupported,
  pause: unsupported,
  resume: unsupported,
  cancel: unsupported,
};

async function unsupported(): Promise<never> {
  throw new HangtagError('feature.unsupported', 'Imports need a store.');
}
