/** Accepted work goes along: real pg-boss on the embedded store, copied, and worked off on the server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CompiledQuery, sql } from 'kysely';
import PgBoss from 'pg-boss';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { queueConstruction } from '../../../../src/adapters/queue/tables.ts';
import { copyStore } from '../../../../src/adapters/store/transfer/copy.ts';
import { atEmbedded, atServer, type Session } from '../../../../src/adapters/store/transfer/end.ts';
import { type FreshDatabase, freshDatabase } from '../fresh-database.ts';
import { quiet } from '../quiet-log.ts';
import { never, runEmbedded, unwatched } from './filled-store.ts';

const server = process.env.TEST_DATABASE_URL;

describe.skipIf(!server)('queued jobs (needs TEST_DATABASE_URL)', () => {
  let dataDir: string;
  let target: FreshDatabase;
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'hangtag-jobs-'));
    target = await freshDatabase(server!);
  });
  afterAll(async () => {
    await rm(dataDir, { recursive: true, force: true });
    await target?.drop();
  });

  const bossOn = async (db: Session) => {
    const boss = new PgBoss({
      db: {
        executeSql: (text, values) =>
          db.executeQuery(CompiledQuery.raw(text, values ?? [])).then(({ rows }) => ({ rows })),
      },
      supervise: false,
      schedule: false,
    });
    boss.on('error', () => {});
    await boss.start();
    return boss;
  };
  const copy = (signal = never, watch = unwatched) =>
    atServer(target.url, quiet, (to) =>
      atEmbedded(path.join(dataDir, 'database'), 'relaxed', quiet, (source) =>
        copyStore({
          source,
          target: to,
          restart: false,
          watch,
          signal,
          queueConstruction,
          stretchLength: 2_000,
        }),
      ),
    );

  test('waiting, delayed, running and failed jobs, their queues and their schedule', async () => {
    const before = await runEmbedded(dataDir, async (db) => {
      const boss = await bossOn(db);
      await boss.createQueue('dead');
      await boss.createQueue('tag', { name: 'tag', policy: 'short', deadLetter: 'dead', retryLimit: 7 });
      await boss.createQueue('retag');
      for (let n = 0; n < 30; n++)
        await boss.send('retag', { n, note: 'a "quoted" \\ note' }, { priority: n });
      await boss.send('tag', { product: 'sku-1' }, { singletonKey: 'sku-1' });
      await boss.send('retag', { n: 'later' }, { startAfter: 3600 });
      await boss.schedule('dead', '0 3 * * *', { nightly: true });
      // One stays running, as when the service ends in the middle; one is done.
      const [running, done] = await boss.fetch('retag', { batchSize: 2 });
      expect(running).toBeDefined();
      await boss.complete('retag', done!.id, { ok: true });
      await boss.stop({ graceful: false });
      return (await sql.raw(contents).execute(db)).rows;
    });
    const stop = new AbortController();
    const interrupt = {
      begin() {},
      advance(rows: number) {
        if (rows > 5) stop.abort();
      },
    };
    await expect(copy(stop.signal, interrupt)).rejects.toMatchObject({ name: 'AbortError' });
    const tables = await copy();
    expect(Object.fromEntries(tables.map(({ name, rows }) => [name, rows]))).toMatchObject({
      'pgboss.queue': 3,
      'pgboss.job': 32,
      'pgboss.schedule': 1,
    });
    expect((await target.run(contents)).rows).toEqual(before);

    const boss = new PgBoss({ connectionString: target.url, schedule: false });
    boss.on('error', () => {});
    await boss.start();
    try {
      expect(await boss.getQueue('tag')).toMatchObject({
        policy: 'short',
        deadLetter: 'dead',
        retryLimit: 7,
      });
      const [job] = await boss.fetch<{ product: string }>('tag');
      expect(job?.data).toEqual({ product: 'sku-1' });
      // The running one waits for its time to run out; the delayed one for its hour.
      const jobs = await boss.fetch<{ n: number }>('retag', { batchSize: 50 });
      expect(jobs.map(({ data }) => data.n).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 28 }, (_, n) => n),
      );
      // Queues made by the copy take new jobs, also under their policy.
      expect(await boss.send('tag', {}, { singletonKey: 'sku-1' })).not.toBeNull();
      expect(await boss.send('tag', {}, { singletonKey: 'sku-1' })).toBeNull();
    } finally {
      await boss.stop({ graceful: false });
    }
  });
});

const contents = `select md5(string_agg(j::text, ',' order by id)) as jobs,
  (select string_agg(q::text, ',' order by name) from pgboss.queue q) as queues,
  (select string_agg(s::text, ',' order by name) from pgboss.schedule s) as schedules
  from (select id, name, priority, data, state, retry_limit, start_after at time zone 'UTC', started_on at time zone
    'UTC', singleton_key, expire_in, completed_on at time zone 'UTC', keep_until at time zone 'UTC', output, dead_letter,
    policy from pgboss.job) j`;
