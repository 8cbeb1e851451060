import fs from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { createDurableFiles, durableSettings } from '../../../src/adapters/store/durable-files.ts';

const d = '/tmp/trydb/x/database';
let failing = false;
const durable = createDurableFiles(d, (f) => {
  if (failing) throw new Error('EIO');
  fs.fsyncSync(f);
});
const db = await PGlite.create({ fs: durable.files, startParams: [...durableSettings], debug: 0 });
await db.query('create table if not exists t(a int)');
failing = true;
const to = (p: Promise<unknown>, n: string) =>
  Promise.race([
    p.then(
      () => n + ' ok',
      (e) => n + ' ' + e?.constructor?.name + ' ' + e + ' code=' + e.code,
    ),
    new Promise((r) => setTimeout(() => r(n + ' HANG'), 3000)),
  ]).then(console.log);
await to(db.query('insert into t values(1)'), 'insert');
await to(db.query('select 1'), 'select');
failing = false;
await to(db.query('insert into t values(1)'), 'insert2');
console.log('ready', db.ready, 'closed', db.closed);
await to(db.close(), 'close');
