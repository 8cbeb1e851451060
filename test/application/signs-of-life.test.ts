import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Workers } from '../../src/application/ports-work.ts';
import { showLife } from '../../src/application/signs-of-life.ts';
import { quiet } from '../adapters/store/quiet-log.ts';

function world() {
  const said: string[] = [];
  const state = { away: false };
  const say = async (word: string) => {
    if (state.away) throw new Error('away');
    said.push(word);
  };
  const workers: Workers = {
    beat: () => say('beat'),
    async takeBack() {
      await say('look');
      return 0;
    },
    leave: () => say('leave'),
  };
  return { said, state, workers };
}
const timing = { beat: 20, look: 20, silence: 400 };
const show = (workers: Workers) => showLife({ workers, id: 'w', log: quiet, timing });

test('known before anything else; looks at others at once; leaves in the end', async () => {
  const { said, workers } = world();
  const leave = await show(workers);
  expect(said).toEqual(['beat']);
  await sleep(150);
  await leave();
  expect(said.filter((word) => word === 'look').length).toBeGreaterThan(0);
  expect(said.at(-1)).toBe('leave');
  const { length } = said;
  await sleep(80);
  expect(said).toHaveLength(length);
});

test('after a gap in its own signs it does not judge others for as long as silence means death', async () => {
  const { said, state, workers } = world();
  const leave = await show(workers);
  state.away = true;
  await sleep(200);
  state.away = false;
  const { length } = said;
  await sleep(200);
  const since = said.slice(length);
  expect(since).toContain('beat');
  expect(since).not.toContain('look');
  await sleep(500);
  expect(said.slice(length)).toContain('look');
  await leave();
});

test('a store that is away keeps nobody from ending', async () => {
  const { state, workers } = world();
  const leave = await show(workers);
  state.away = true;
  await leave();
});
