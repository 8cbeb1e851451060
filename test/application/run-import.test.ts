import { describe, expect, test } from 'vitest';
import { createImportPace } from '../../src/application/import-pace.ts';
import type { Ingestion } from '../../src/application/ingest-event.ts';
import type { ClaimedLine, Imports, SettledLine, Turn } from '../../src/application/ports-imports.ts';
import { createRunImport, type RunImportNeeds } from '../../src/application/run-import.ts';
import { HangtagError } from '../../src/domain/errors.ts';

const createdAt = '2026-11-23T09:00:00.000Z';
const lineOf = (line: number, attempts = 1): ClaimedLine => ({
  line,
  body: JSON.stringify({ productId: `p${line}`, images: [] }),
  sequence: 100 + line,
  attempts,
});

function createPlace(turns: Turn[], changes: Partial<RunImportNeeds> = {}) {
  const place = {
    events: [] as Ingestion[],
    settled: [] as (readonly SettledLine[])[],
    after: [] as number[],
    planned: [] as (number | null)[],
    putOff: [] as number[],
    limits: [] as number[],
    renewals: [] as number[],
    told: [] as string[],
    unexpected: [] as unknown[],
    named: [] as unknown[],
    wanted: true,
    away: null as string | null,
    resting: false,
    /** Of the product, what working it comes to. */
    behave: (_id: string): { revision: number | null; worked: number } => ({ revision: 2, worked: 1 }),
  };
  const imports = {
    async claim(_id, limit) {
      place.limits.push(limit);
      return turns.shift() ?? { kind: 'over' };
    },
    async plan(_id, seconds) {
      place.planned.push(seconds);
    },
    async renew(_id, claims) {
      place.renewals.push(claims.length);
      return place.wanted;
    },
    async settle(_id, lines, after) {
      place.settled.push(lines);
      place.after.push(after);
    },
    async putOff(_id, after) {
      place.putOff.push(after);
    },
  } as Partial<Imports> as Imports;
  const run = createRunImport({
    imports,
    ingestEvent: async (ingestion) => {
      place.events.push(ingestion);
      return place.behave(ingestion.event.productId);
    },
    revisionOf: async (productId) => (productId === 'p9' ? 2 : 1),
    readSource: (...args) => place.named.push(args),
    model: { away: () => place.away, resting: () => place.resting },
    quiet: async () => {},
    pace: createImportPace(() => null, 2),
    chunk: 16,
    concurrency: 2,
    timeoutMs: 1000,
    onOutcome: (outcome) => place.told.push(outcome),
    onUnexpected: (error) => place.unexpected.push(error),
    ...changes,
  });
  const outcomes = () =>
    place.settled
      .flat()
      .sort((a, b) => a.line - b.line)
      .map(({ line, outcome }) => [line, outcome.kind]);
  return Object.assign(place, { run: (stopping?: AbortSignal) => run('import-1', stopping), outcomes });
}
const chunk = (...lines: ClaimedLine[]): Turn => ({ kind: 'chunk', createdAt, lines });
const raise = (code: ConstructorParameters<typeof HangtagError>[0], retryAfter?: number) => () => {
  throw new HangtagError(code, 'No.', retryAfter === undefined ? {} : { retryAfter });
};

test('each line is an event of the import’s own time, in its place; what came of it is written at once', async () => {
  const place = createPlace([chunk(lineOf(1), lineOf(9), lineOf(3))]);
  await place.run();
  expect(place.events.map(({ event }) => event.productId).sort()).toEqual(['p1', 'p3', 'p9']);
  expect(place.events[0]).toMatchObject({
    source: 'import',
    moment: { at: createdAt, sequence: 101 },
    causeId: 'import-1',
    patient: true,
  });
  expect(place.outcomes()).toEqual([
    [1, 'changed'],
    [3, 'changed'],
    [9, 'unchanged'],
  ]);
  expect([place.settled.length, place.after]).toEqual([1, [0]]);
  expect(place.told.sort()).toEqual(['changed', 'changed', 'unchanged']);
});

test('planned first, then run; a named source is read beside; nothing to do is the end', async () => {
  const place = createPlace([{ kind: 'plan', lines: 3, inferences: 0 }, chunk(lineOf(1))]);
  await place.run();
  expect([place.planned, place.events.length]).toEqual([[null], 1]);
  const source = { kind: 's3', uri: 's3://b/k' } as const;
  const named = createPlace([{ kind: 'fetch', source, tries: 2 }, chunk(lineOf(1))]);
  await named.run();
  expect([named.named, named.events]).toEqual([[['import-1', source, 2]], []]);
  const over = createPlace([]);
  await over.run();
  expect([over.settled, over.putOff]).toEqual([[], []]);
});

describe('what goes wrong', () => {
  test.each([
    ['cannot pass', 'image.fetch_failed', 1, undefined, { kind: 'failed' }],
    ['may pass', 'image.fetch_unavailable', 1, undefined, { kind: 'again', afterSeconds: 5 }],
    ['may pass, again', 'store.unavailable', 3, undefined, { kind: 'again', afterSeconds: 60 }],
    ['asks for more time', 'image.fetch_unavailable', 1, 90, { kind: 'again', afterSeconds: 90 }],
    ['asks for too much time', 'image.fetch_unavailable', 1, 9000, { kind: 'again', afterSeconds: 300 }],
    ['was the last try', 'image.fetch_unavailable', 5, undefined, { kind: 'failed' }],
  ] as const)('%s', async (_, code, attempts, retryAfter, expected) => {
    const place = createPlace([chunk(lineOf(1, attempts))]);
    place.behave = raise(code, retryAfter);
    await place.run();
    expect(place.settled[0]![0]!.outcome).toMatchObject({ ...expected, fault: { code, detail: 'No.' } });
    expect(place.events[0]!.patient).toBe(attempts < 5);
  });

  test('nobody foresaw it: told, and tried again', async () => {
    const place = createPlace([chunk(lineOf(1))]);
    place.behave = () => {
      throw new TypeError('a secret');
    };
    await place.run();
    expect(place.settled[0]![0]!.outcome).toMatchObject({
      kind: 'again',
      fault: { code: 'service.internal', detail: 'Something went wrong here.' },
    });
    expect(place.unexpected).toHaveLength(1);
  });

  test('begun too often without an end: given up without another try', async () => {
    const place = createPlace([chunk(lineOf(1, 6))]);
    await place.run();
    expect([place.outcomes(), place.events]).toEqual([[[1, 'failed']], []]);
  });
});

test('the model goes away: nobody fails, what is left waits, and so does the next chunk', async () => {
  const place = createPlace([chunk(lineOf(1), lineOf(2), lineOf(3), lineOf(4))], { concurrency: 1 });
  place.behave = (id) => {
    if (id === 'p1') return { revision: 2, worked: 1 };
    place.away = 'It sleeps.';
    return raise('inference.unavailable')();
  };
  await place.run();
  expect(place.outcomes()).toEqual([
    [1, 'changed'],
    [2, 'released'],
    [3, 'released'],
    [4, 'released'],
  ]);
  expect([place.after, place.events.length]).toEqual([[15], 2]);
});

test('the model rests: no line is claimed, and the job comes again', async () => {
  const place = createPlace([chunk()]);
  place.resting = true;
  await place.run();
  expect([place.limits, place.putOff, place.settled]).toEqual([[0], [15], []]);
});

test('paused in the middle of a chunk: what was not begun is given back', async () => {
  const place = createPlace([chunk(lineOf(1), lineOf(2), lineOf(3))], { concurrency: 1, renewMs: 0 });
  place.behave = () => {
    place.wanted = false;
    return { revision: 2, worked: 0 };
  };
  await place.run();
  expect(place.outcomes()).toEqual([
    [1, 'changed'],
    [2, 'released'],
    [3, 'released'],
  ]);
  expect(place.renewals).toEqual([3, 2]);
});

test('the process stops: what was not begun is left to others', async () => {
  const place = createPlace([chunk(lineOf(1), lineOf(2), lineOf(3))], { concurrency: 1 });
  const stopping = new AbortController();
  place.behave = () => {
    stopping.abort();
    return { revision: 2, worked: 0 };
  };
  await place.run(stopping.signal);
  expect(place.outcomes()).toEqual([
    [1, 'changed'],
    [2, 'released'],
    [3, 'released'],
  ]);
});

test('live requests go first: no line begins before it is quiet', async () => {
  let quiet = () => {};
  const waiting = new Promise<void>((resolve) => {
    quiet = resolve;
  });
  const place = createPlace([chunk(lineOf(1))], { quiet: () => waiting });
  const running = place.run();
  await new Promise((resolve) => setImmediate(resolve));
  expect(place.events).toEqual([]);
  quiet();
  await running;
  expect(place.events).toHaveLength(1);
});

test('the pace: measured or unknown, never a guess', () => {
  let at = 0;
  let each: number | null = null;
  const pace = createImportPace(
    () => each,
    4,
    () => at,
  );
  expect([pace.estimate(100, 50), pace.estimate(100, 0)]).toEqual([null, null]);
  each = 0.2;
  expect([pace.estimate(100, 50), pace.estimate(100, 0)]).toEqual([2.5, null]);
  // Two chunks side by side: 10 s in all.
  pace.note({ started: 0, ended: 8000, lines: 20, pictures: 40 });
  pace.note({ started: 2000, ended: 10_000, lines: 20, pictures: 60 });
  at = 10_000;
  expect([pace.estimate(400, 50), pace.estimate(400, 0)]).toEqual([5, 100]);
  at = 3_600_000;
  each = null;
  expect(pace.estimate(400, 50)).toBeNull();
});
