/**
 * Reads a file that an import names, beside the jobs: it may take longer than any of them may. A process that ends meanwhile leaves an
 * import that nobody has heard of for a while, and it is read anew.
 */
import { HangtagError } from '../domain/errors.ts';
import type { ImageReference } from '../domain/image-reference.ts';
import type { Imports, OpenText } from './ports-imports.ts';
import type { ReceiveImport } from './receive-import.ts';

/** Begins reading, and returns at once. */
export type ReadImportSource = (importId: string, source: ImageReference, tries: number) => void;

export interface ReadImportSourceNeeds {
  readonly imports: Imports;
  readonly receiveImport: ReceiveImport;
  readonly openText: OpenText;
  readonly notify: () => void;
  readonly onUnexpected: (error: unknown, importId: string) => void;
}

const mostTries = 5;
/** Seconds. */
const waits = [10, 30, 60, 120];

export function createReadImportSource(needs: ReadImportSourceNeeds): {
  readonly readSource: ReadImportSource;
  /** Ends what is under way; it is read anew by whoever comes next. */
  close(): Promise<void>;
} {
  const { imports, receiveImport, openText, notify, onUnexpected } = needs;
  const closing = new AbortController();
  const running = new Set<Promise<void>>();

  async function read(id: string, source: ImageReference, tries: number): Promise<void> {
    try {
      const lines = await receiveImport(id, openText(source, closing.signal));
      if (lines === 0) throw new HangtagError('import.source_unusable', 'There is no line in it.');
      await imports.accept(id);
      notify();
    } catch (error) {
      if (closing.signal.aborted) {
        const detail = 'Interrupted; it is read again.';
        await imports.restart(id, { code: 'request.cancelled', detail }, 0);
        return;
      }
      // Cancelled while it was read.
      if (error instanceof HangtagError && error.code === 'job.conflict') return;
      if (!(error instanceof HangtagError)) onUnexpected(error, id);
      const passing = !(error instanceof HangtagError) || error.kind.retryable;
      const detail = error instanceof HangtagError ? error.message : 'Something went wrong here.';
      const wait = waits[tries - 1];
      const fault = { code: 'import.source_unusable', detail } as const;
      if (passing && tries < mostTries && wait !== undefined) await imports.restart(id, fault, wait);
      else await imports.fail(id, fault);
    }
  }

  return {
    readSource(id, source, tries) {
      const reading = read(id, source, tries)
        .catch((error: unknown) => onUnexpected(error, id))
        .finally(() => running.delete(reading));
      running.add(reading);
    },
    async close() {
      closing.abort();
      await Promise.all(running);
    },
  };
}
