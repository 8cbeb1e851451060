/** The store commands by themselves: arguments, progress, and what they say. */
import path from 'node:path';
import { expect, test } from 'vitest';
import type { StoreTransfer } from '../../../src/application/ports-transfer.ts';
import { createTransferProgress } from '../../../src/cli/store/progress.ts';
import { parseStoreArguments, runStore } from '../../../src/cli/store/store.ts';
import { HangtagError } from '../../../src/domain/errors.ts';

const url = 'postgres://me:secret@db.example/shop';

test('arguments', () => {
  expect(parseStoreArguments(['copy', '--to', url])).toEqual({
    verb: 'copy',
    from: null,
    to: url,
    restart: false,
  });
  expect(parseStoreArguments(['copy', '--to', url, '--from', 'old', '--restart'])).toMatchObject({
    from: path.resolve('old'),
    restart: true,
  });
  expect(parseStoreArguments(['copy', '--to', url, '--from', `${url}2`])).toMatchObject({ from: `${url}2` });
  expect(parseStoreArguments(['backup', '--to', 'a.tar.gz'])).toEqual({
    verb: 'backup',
    file: path.resolve('a.tar.gz'),
  });
  expect(parseStoreArguments(['restore', '--from', '/a'])).toEqual({ verb: 'restore', file: '/a' });
});

test.each([
  [[], 'copy, backup or restore'],
  [['copy'], '--to takes'],
  [['copy', '--to', 'mysql://x'], '--to takes'],
  [['copy', '--to', url, '--from', ''], '--from takes'],
  [['copy', '--to', url, 'more'], 'more'],
  [['backup'], '--to takes'],
  [['backup', '--to', ''], '--to takes'],
  [['restore', '--to', 'x'], '--to'],
  [['restore'], '--from takes'],
])('%j is refused in words', (args, named) => {
  expect(parseStoreArguments(args)).toEqual(expect.stringContaining(named));
});

function command(parts: Partial<StoreTransfer>, databaseUrl?: string, stop = new AbortController()) {
  const printed: string[] = [];
  const complained: string[] = [];
  const run = (...args: string[]) => {
    const parsed = parseStoreArguments(args);
    if (typeof parsed === 'string') throw new Error(parsed);
    const unused = () => Promise.reject(new Error('called'));
    return runStore(parsed, {
      transfer: { copy: unused, backup: unused, restore: unused, ...parts },
      config: { dataDir: '/data', DATABASE_URL: databaseUrl },
      screen: { isTerminal: false, write: (text) => void complained.push(text) },
      stop: stop.signal,
      print: (line) => void printed.push(line),
      complain: (line) => void complained.push(line),
    });
  };
  return { run, printed: () => printed.join('\n'), complained: () => complained.join('\n') };
}

test('a copy says what went over, and that the pictures did not', async () => {
  const { run, printed, complained } = command({
    async copy(_, watch) {
      watch.begin('copying', 'rows', 30, 10);
      watch.advance(20);
      watch.begin('comparing', 'rows', 30, 0);
      watch.advance(30);
      return [
        { name: 'products', rows: 20 },
        { name: 'images', rows: 10 },
      ];
    },
  });
  expect(await run('copy', '--to', url)).toBe(0);
  expect(printed()).toContain('Copied and compared: 30 rows in 2 tables');
  expect(printed()).toMatch(/pictures were not copied. They stay in \/data\/originals/);
  expect(complained()).toMatch(/copying 30 rows of 30 rows.*\n.*comparing 30 rows of 30 rows/s);
  expect(printed() + complained()).not.toContain('secret');
  await run('copy', '--to', url, '--from', '/old');
  expect(printed()).toContain('They stay in /old/originals');
});

test('a store on PostgreSQL is left to its own programs, with the command and without the password', async () => {
  const { run, complained } = command({}, url);
  expect(await run('backup', '--to', 'x')).toBe(1);
  expect(complained()).toContain('pg_dump --format=custom --file=hangtag.dump "$DATABASE_URL"');
  expect(await run('restore', '--from', 'x')).toBe(1);
  expect(complained()).toContain('pg_restore');
  expect(complained()).toContain('/data/originals');
  expect(complained()).not.toContain('secret');
});

test('what is left out of a backup is named', async () => {
  const report = { originals: 3, bytes: 12_345_678, leftOut: ['notes.txt'] };
  const { run, printed } = command({ backup: async () => report });
  expect(await run('backup', '--to', '/b/x.tar.gz')).toBe(0);
  expect(printed()).toBe(
    'Backed up and read again: /b/x.tar.gz, the database and 3 pictures, 12.3 MB.\n' +
      "Left out, for they are not the store's: notes.txt",
  );
});

test('failures: the reason with its cause, advice where hangtag runs, and how to go on after a stop', async () => {
  const cause = new Error('connection refused');
  const away = command({
    copy: () => Promise.reject(new HangtagError('store.unavailable', 'It cannot be reached.', { cause })),
  });
  expect(await away.run('copy', '--to', url)).toBe(1);
  expect(away.complained()).toBe('It cannot be reached. (connection refused)');

  const busy = command({ backup: () => Promise.reject(new Error('data directory /d is in use by pid 7')) });
  expect(await busy.run('backup', '--to', 'x')).toBe(1);
  expect(busy.complained()).toMatch(/in use by pid 7\nStop hangtag first/);

  const stop = new AbortController();
  const stopped = command(
    {
      copy: async () => {
        stop.abort();
        throw stop.signal.reason;
      },
    },
    undefined,
    stop,
  );
  expect(await stopped.run('copy', '--to', url)).toBe(1);
  expect(stopped.complained()).toBe('Stopped. The same command goes on from here.');
});

test('progress: a bar on a terminal, a line every five seconds elsewhere', () => {
  let now = 0;
  const texts: string[] = [];
  const write = (text: string) => void texts.push(text);
  const plain = createTransferProgress({ isTerminal: false, write }, () => now);
  plain.begin('copying', 'rows', 1000, 500);
  for (now = 1000; now <= 6000; now += 1000) plain.advance(50);
  expect(texts).toEqual(['copying 750 rows of 1000 rows  50 rows/s  eta 5s\n']);
  plain.end();
  plain.end();
  expect(texts).toHaveLength(2);

  texts.length = 0;
  const bar = createTransferProgress({ isTerminal: true, write }, () => now);
  bar.begin('backing up', 'bytes', 4_000_000, 0);
  now += 2000;
  bar.advance(1_000_000);
  expect(texts).toEqual(['\r[======                  ] backing up 1.0 MB of 4.0 MB  0.5 MB/s  eta 6s\x1b[K']);
  bar.begin('checking', 'bytes', 0, 0);
  expect(texts.at(-1)).toBe('\n');
});
