/**
 * A job of an import: the next lines, a few at a time. Done twice it comes to the same, because the place of each line in the order of
 * inputs is fixed. What may pass is tried again with growing waits; while the model is away nobody fails. Between two lines live
 * requests go first.
 */
import { HangtagError } from '../domain/errors.ts';
import { readImportLine } from '../domain/imports/line.ts';
import type { ImportPace } from './import-pace.ts';
import type { IngestEvent } from './ingest-event.ts';
import type { ClaimedLine, Imports, LineOutcome, SettledLine } from './ports-imports.ts';
import type { Fault } from './ports-work.ts';
import type { ReadImportSource } from './read-import-source.ts';
import type { ModelPresence } from './run-operation.ts';

export interface RunImportNeeds {
  readonly imports: Imports;
  readonly ingestEvent: IngestEvent;
  /** The revision that stands; null where there is none. */
  readonly revisionOf: (productId: string) => Promise<number | null>;
  readonly readSource: ReadImportSource;
  readonly model: ModelPresence;
  /** Resolves when live requests need nothing. */
  readonly quiet: () => Promise<void>;
  readonly pace: ImportPace;
  /** Lines of a job, and of those at once. */
  readonly chunk: number;
  readonly concurrency: number;
  /** Milliseconds for one line. */
  readonly timeoutMs: number;
  /** Told of each line that is done with. */
  readonly onOutcome: (outcome: LineOutcome['kind']) => void;
  /** Told of what nobody foresaw. */
  readonly onUnexpected: (error: unknown, importId: string) => void;
  /** Milliseconds after which a chunk asks whether it is still wanted; one second unless told. */
  readonly renewMs?: number;
}

/** With these waits, seconds, before the second try and each one after it. */
export const lineTries = 5;
const waits = [5, 20, 60, 180];
const longestWait = 300;
/** Seconds until somebody looks whether the model is back. */
const modelAway = 15;

/** Rejects where the job should be tried again later. Once `stopping`, lines that are not begun are left to others. */
export type RunImport = (importId: string, stopping?: AbortSignal) => Promise<void>;

export function createRunImport(needs: RunImportNeeds): RunImport {
  const { imports, model, pace, chunk, timeoutMs } = needs;
  const leaseSeconds = timeoutMs / 1000 + 30;

  return async (id, stopping) => {
    for (;;) {
      // Reading and planning need no model.
      const turn = await imports.claim(id, model.resting() ? 0 : chunk, leaseSeconds);
      if (turn.kind === 'plan') {
        await imports.plan(id, pace.estimate(turn.lines, turn.inferences));
        continue;
      }
      if (turn.kind === 'fetch') needs.readSource(id, turn.source, turn.tries);
      if (turn.kind !== 'chunk') return;
      if (turn.lines.length === 0) return imports.putOff(id, modelAway);
      const started = performance.now();
      const work = createChunk(needs, id, turn.createdAt, turn.lines, leaseSeconds, stopping);
      const { settled, pictures, afterSeconds } = await work();
      const lines = settled.filter(({ outcome }) => outcome.kind !== 'released').length;
      pace.note({ started, ended: performance.now(), lines, pictures });
      await imports.settle(id, settled, afterSeconds);
      for (const { outcome } of settled) needs.onOutcome(outcome.kind);
      return;
    }
  };
}

function createChunk(
  needs: RunImportNeeds,
  id: string,
  createdAt: string,
  lines: readonly ClaimedLine[],
  leaseSeconds: number,
  stopping: AbortSignal | undefined,
) {
  const { imports, ingestEvent, revisionOf, model, quiet, concurrency, timeoutMs, onUnexpected } = needs;
  const { renewMs = 1000 } = needs;
  const settled = new Map<number, SettledLine>();
  let pictures = 0;
  let wanted = true;
  let afterSeconds = 0;
  let renewed = performance.now();

  /** Whether to go on: asked now and then, and it keeps the claim. */
  async function goOn(): Promise<boolean> {
    await quiet();
    if (stopping?.aborted) wanted = false;
    if (!wanted || performance.now() - renewed < renewMs) return wanted;
    renewed = performance.now();
    const left = lines.filter(({ line }) => !settled.has(line));
    const running = await imports.renew(id, left, leaseSeconds);
    wanted &&= running;
    return wanted;
  }

  async function outcomeOf({ body, sequence, attempts }: ClaimedLine): Promise<LineOutcome> {
    if (attempts > lineTries) return givenUp;
    const { event } = readImportLine(body);
    if (!event) throw new TypeError('a line that was read before cannot be read');
    try {
      const before = await revisionOf(event.productId);
      const { revision, worked } = await ingestEvent(
        {
          source: 'import',
          event,
          moment: { at: createdAt, sequence },
          causeId: id,
          patient: attempts < lineTries,
        },
        AbortSignal.timeout(timeoutMs),
      );
      pictures += worked;
      return { kind: revision === before ? 'unchanged' : 'changed' };
    } catch (error) {
      if (!(error instanceof HangtagError)) onUnexpected(error, id);
      if (ofModel(error) && model.away() !== null) {
        wanted = false;
        afterSeconds = modelAway;
        return { kind: 'released', afterSeconds: modelAway };
      }
      const fault = faultOf(error);
      if (!mayPass(error) || attempts >= lineTries) return { kind: 'failed', fault };
      const asked = error instanceof HangtagError ? (error.retryAfter ?? 0) : 0;
      const wait = Math.min(longestWait, Math.max(asked, waits[attempts - 1] ?? longestWait));
      return { kind: 'again', fault, afterSeconds: wait };
    }
  }

  return async () => {
    const queue = lines.values();
    async function work(): Promise<void> {
      for (const claimed of queue) {
        const { line, attempts } = claimed;
        const outcome: LineOutcome = (await goOn())
          ? await outcomeOf(claimed)
          : { kind: 'released', afterSeconds };
        settled.set(line, { line, attempts, outcome });
      }
    }
    await Promise.all(Array.from({ length: concurrency }, work));
    return { settled: [...settled.values()], pictures, afterSeconds };
  };
}

const givenUp: LineOutcome = {
  kind: 'failed',
  fault: { code: 'service.internal', detail: `Given up after ${lineTries} attempts.` },
};

function ofModel(error: unknown): boolean {
  return error instanceof HangtagError && error.code.startsWith('inference.');
}

/** A timeout counts as one: the signal's reason is not ours. */
function mayPass(error: unknown): boolean {
  return !(error instanceof HangtagError) || error.kind.retryable;
}

function faultOf(error: unknown): Fault {
  if (error instanceof HangtagError) return { code: error.code, detail: error.message };
  return { code: 'service.internal', detail: 'Something went wrong here.' };
}
