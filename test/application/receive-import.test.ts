import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createImportCalls } from '../../src/application/import-calls.ts';
import type { Import, Imports, Opening, ReceivedBatch } from '../../src/application/ports-imports.ts';
import { createReadImportSource } from '../../src/application/read-import-source.ts';
import { createReceiveImport } from '../../src/application/receive-import.ts';
import { HangtagError } from '../../src/domain/errors.ts';

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const url = 'https://a.example/1.jpg';

function createPlace(known: readonly string[] = [], found: Partial<Import> = {}) {
  const place = {
    batches: [] as ReceivedBatch[],
    opened: [] as Opening[],
    said: [] as unknown[],
    fresh: true,
    broken: null as unknown,
  };
  const imports = {
    async open(opening) {
      place.opened.push(opening);
      return { found: { id: 'i', state: 'receiving', ...found } as Import, fresh: place.fresh };
    },
    async append(_id, batch) {
      if (place.broken) throw place.broken;
      place.batches.push(batch);
    },
    async accept(id) {
      place.said.push('accepted');
      return { id, state: 'planning' } as Import;
    },
    async fail(_id, error) {
      place.said.push(['failed', error.code]);
    },
    async restart(_id, error, after) {
      place.said.push(['again', error.detail, after]);
    },
  } as Partial<Imports> as Imports;
  const remembered = {
    find: async (keys: readonly string[]) =>
      new Map(
        keys
          .filter((key) =>
            known.some((one) => key === hash(Buffer.from(JSON.stringify({ kind: 'url', url: one })))),
          )
          .map((key) => [key, { sha256: 'x', validators: { etag: null, lastModified: null } }]),
      ),
  };
  const receiveImport = createReceiveImport({ imports, remembered, hash });
  const calls = createImportCalls({
    imports,
    receiveImport,
    newId: () => 'i',
    notify: () => place.said.push('notified'),
  });
  return Object.assign(place, { calls, imports, receiveImport });
}
async function* body(...parts: (string | Error)[]) {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield Buffer.from(part);
  }
}
const line = (id: string, ...urls: string[]) =>
  `${JSON.stringify({ productId: id, images: urls.map((one) => ({ url: one })) })}\n`;

describe('a body', () => {
  test('lines, faults and pictures are counted; the same picture is worked once', async () => {
    const place = createPlace([`${url}?known`]);
    const text = [
      line('a', url, url),
      'nope\n',
      line('b', url, `${url}?2`, `${url}?known`),
      line('a', url, url),
    ];
    expect(await place.calls.receive(body(...text), false, null)).toMatchObject({ state: 'planning' });
    expect(place.batches).toHaveLength(1);
    const [{ lines, images, inferences }] = place.batches as [ReceivedBatch];
    expect([images, inferences]).toEqual([7, 2]);
    expect(
      lines.map(({ line: number, productId, problems }) => [number, productId, problems.length]),
    ).toEqual([
      [1, 'a', 0],
      [2, null, 1],
      [3, 'b', 0],
      [4, 'a', 0],
    ]);
    expect(lines[0]!.hash).toBe(lines[3]!.hash);
    expect(lines[0]!.body).toBe(text[0]!.trim());
    expect(place.said).toEqual(['accepted', 'notified']);
  });

  test('some hundred lines at a time; a picture counts once across all of them', async () => {
    const place = createPlace();
    await place.calls.receive(
      body(...Array.from({ length: 1100 }, (_, n) => line(`p${n}`, url))),
      false,
      null,
    );
    expect(place.batches.map(({ lines }) => lines.length)).toEqual([500, 500, 100]);
    expect(place.batches.map(({ inferences }) => inferences)).toEqual([1, 0, 0]);
    const large = createPlace();
    const long = `{"productId":"a","title":null,"x":"${'x'.repeat(400_000)}"}\n`;
    await large.calls.receive(body(long, long, long, long), false, null);
    expect(large.batches.map(({ lines }) => lines.length)).toEqual([3, 1]);
  });

  test.each([
    ['breaks off', [line('a'), new Error('aborted')], 'request.cancelled'],
    ['is refused midway', [line('a'), new HangtagError('request.malformed', 'Still.')], 'request.malformed'],
    ['is empty', ['\n  \n'], 'request.malformed'],
  ] as const)('that %s is accepted not at all', async (_, parts, code) => {
    const place = createPlace();
    await expect(place.calls.receive(body(...parts), false, null)).rejects.toMatchObject({ code });
    expect(place.said).toEqual([['failed', code]]);
  });

  test('a store that is away ends it', async () => {
    const place = createPlace();
    place.broken = new HangtagError('store.unavailable', 'Away.');
    await expect(place.calls.receive(body(line('a')), false, null)).rejects.toMatchObject({
      code: 'store.unavailable',
    });
    expect(place.said).toEqual([['failed', 'store.unavailable']]);
  });

  test('a key that is known: its import, unread; one that is being received: later', async () => {
    const done = createPlace([], { state: 'finished' });
    done.fresh = false;
    const unread = body(new Error('it was read'));
    expect(await done.calls.receive(unread, false, { scope: '', key: 'k' })).toMatchObject({
      state: 'finished',
    });
    const busy = createPlace();
    busy.fresh = false;
    await expect(busy.calls.receive(body(), false, { scope: '', key: 'k' })).rejects.toMatchObject({
      code: 'service.overloaded',
      retryAfter: 5,
    });
    expect(busy.said).toEqual([]);
  });
});

describe('a named source', () => {
  function reading(parts: (string | Error)[], tries = 1) {
    const place = createPlace();
    const sources = createReadImportSource({
      imports: place.imports,
      receiveImport: place.receiveImport,
      openText: () => body(...parts),
      notify: () => place.said.push('notified'),
      onUnexpected: (error) => place.said.push(error),
    });
    sources.readSource('i', { kind: 'url', url }, tries);
    return { place, sources };
  }
  const settled = async (place: { said: unknown[] }) => {
    while (place.said.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    return place.said;
  };

  test('read and accepted', async () => {
    expect(await settled(reading([line('a')]).place)).toEqual(['accepted', 'notified']);
  });

  test.each([
    ['may pass', new HangtagError('image.fetch_unavailable', 'Away.'), 1, ['again', 'Away.', 10]],
    [
      'was the last try',
      new HangtagError('image.fetch_unavailable', 'Away.'),
      5,
      ['failed', 'import.source_unusable'],
    ],
    ['cannot pass', new HangtagError('image.fetch_failed', '404.'), 1, ['failed', 'import.source_unusable']],
  ])('a fault that %s', async (_, fault, tries, expected) => {
    expect(await settled(reading([line('a'), fault], tries).place)).toEqual([expected]);
  });

  test('nothing in it; cancelled meanwhile', async () => {
    expect(await settled(reading([]).place)).toEqual([['failed', 'import.source_unusable']]);
    const { place, sources } = reading([new HangtagError('job.conflict', 'Cancelled.')]);
    await sources.close();
    expect(place.said.filter((one) => Array.isArray(one) && one[0] === 'failed')).toEqual([]);
  });
});
