/** What reaches the embedded engine of that which the driver says. */
import type { PGlite } from '@electric-sql/pglite';
import { expect, test } from 'vitest';
import { watchEngine } from '../../../src/adapters/store/engine-messages.ts';
import { createStatementNames } from '../../../src/adapters/store/statement-names.ts';
import { quiet } from './quiet-log.ts';

/** An engine that keeps what it is sent, and answers as it is told. */
function engine() {
  const sent: string[] = [];
  const world = { sent, answers: [] as object[] };
  const database = {
    async execProtocolStream(message: Uint8Array) {
      sent.push(Buffer.from(message).toString());
      return world.answers;
    },
  } as unknown as PGlite;
  const stopped = watchEngine(database, quiet);
  const say = (text: string) => database.execProtocolStream(Buffer.from(text));
  return { ...world, world, say, stopped };
}

test('a statement goes in whole, with its Sync; anything else at once', async () => {
  const { sent, say } = engine();
  for (const part of ['Parse', 'Bind', 'Describe', 'Execute']) expect(await say(part)).toEqual([]);
  expect(sent).toEqual([]);
  await say('Sync');
  await say('Query');
  await say('Sync');
  expect(sent).toEqual(['ParseBindDescribeExecuteSync', 'Query', 'Sync']);
});

test('what was begun and given up never runs with what comes next', async () => {
  const { sent, say } = engine();
  await say('Parse insert');
  await say('Bind');
  await say('Query rollback');
  await say('Sync');
  expect(sent).toEqual(['Query rollback', 'Sync']);
});

test('an engine that has stopped itself is sent nothing any more', async () => {
  const { sent, say, stopped, world } = engine();
  world.answers.push({ severity: 'PANIC' });
  await say('Query');
  expect(stopped()).toBe(true);
  await expect(say('Query')).rejects.toThrow('has stopped itself');
  expect(sent).toEqual(['Query']);
});

test('a statement gets a name the second time; pages and ever new texts get none', () => {
  const nameOf = createStatementNames();
  expect([nameOf('select 1'), nameOf('select 1'), nameOf('select 1')]).toEqual([
    null,
    'hangtag_1',
    'hangtag_1',
  ]);
  expect([nameOf('select 2 limit 5'), nameOf('select 2 limit 5')]).toEqual([null, null]);
  for (let n = 0; n < 400; n++) nameOf(`select ${n} as many`);
  expect([nameOf('select late'), nameOf('select late')]).toEqual([null, null]);
});
