/** A taxonomy switched under way: prepared first, then all at once, in every process, whatever happens meanwhile. */
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Meanings } from '../../src/application/ports-meaning.ts';
import {
  calibration,
  files,
  memoryMeanings,
  moment,
  type Process,
  startProcess,
  until,
} from './meaning-world.ts';

const running: Process[] = [];
afterEach(async () => {
  for (const process of running.splice(0)) await process.stop();
});
async function started(
  meanings: Meanings,
  ...more: [own?: string, behaviour?: Partial<Process['behaviour']>]
) {
  const process = await startProcess(meanings, ...more);
  running.push(process);
  return process;
}
async function ready(...args: Parameters<typeof started>) {
  const process = await started(...args);
  await process.models.ready();
  return process;
}
/** What lets through what was held. */
function gate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), passed: () => passed };
}

describe('activating', () => {
  test('stored, active, and back: calibrations come and go with their taxonomy', async () => {
    const one = await ready(memoryMeanings());
    expect(one.now()).toEqual(['1.0.0', 'own', '1']);
    const added = await one.taxonomies.add(files('1.1.0'), true);
    expect(added).toMatchObject({
      created: true,
      taxonomy: { state: 'stored', diff: { to: 'small@1.1.0' } },
    });
    expect(one.keeper.taxonomy().version).toBe('1.0.0');
    expect(await one.taxonomies.activate('1.1.0')).toMatchObject({ state: 'active', failure: null });
    expect(one.now()).toEqual(['1.1.0', null, '1']);
    expect(one.keeper.taxonomy().version).toBe('1.1.0');
    expect(await one.taxonomies.activate('1.0.0')).toMatchObject({ state: 'active', source: 'folder' });
    expect(one.now()).toEqual(['1.0.0', 'own', '1']);
    const { items } = await one.taxonomies.list(10, null);
    expect(items.map(({ version, state }) => [version, state])).toEqual([
      ['1.1.0', 'stored'],
      ['1.0.0', 'active'],
    ]);
  });

  test('what is refused: an unknown version, another content, problems, and the same again is none', async () => {
    const one = await ready(memoryMeanings());
    await expect(one.taxonomies.activate('9.9.9')).rejects.toMatchObject({ code: 'taxonomy.not_found' });
    await expect(one.taxonomies.read('9.9.9')).rejects.toMatchObject({ code: 'taxonomy.not_found' });
    await expect(one.taxonomies.add(files('1.0.13'), true)).rejects.toMatchObject({
      code: 'taxonomy.invalid',
      errors: [{ pointer: '/files/taxonomy.yaml/version', detail: 'is unlucky' }],
    });
    expect(await one.taxonomies.add(files('1.0.0'), true)).toMatchObject({
      created: false,
      taxonomy: { source: 'folder', state: 'active' },
    });
    expect(await one.taxonomies.add(files('1.2.0'), false)).toMatchObject({ created: false });
    await expect(one.taxonomies.read('1.2.0')).rejects.toMatchObject({ code: 'taxonomy.not_found' });
    expect(await one.taxonomies.activate('1.0.0')).toMatchObject({ state: 'active' });
  });

  test('the former one answers until everything is prepared', async () => {
    const held = gate();
    const one = await ready(memoryMeanings(), '1.0.0', {
      encode: (version) => (version === '1.1.0' ? held.passed() : Promise.resolve()),
    });
    await one.taxonomies.add(files('1.1.0'), true);
    expect(await one.taxonomies.activate('1.1.0')).toMatchObject({ state: 'preparing' });
    await until(async () => (await one.taxonomies.read('1.1.0')).preparation?.captions?.total === 10);
    expect(one.now()).toEqual(['1.0.0', 'own', '1']);
    held.open();
    await until(() => one.now()[0] === '1.1.0');
    expect((await one.taxonomies.read('1.1.0')).state).toBe('active');
  });

  test('a call keeps what it began with, and nobody ever sees two taxonomies', async () => {
    const one = await ready(memoryMeanings());
    await one.taxonomies.add(files('1.1.0'), true);
    const begun = one.models.now();
    let looking = true;
    const watching = (async () => {
      while (looking) {
        expect(one.models.now().meaning.taxonomy).toBe(one.keeper.taxonomy());
        await null;
        await moment(0);
      }
    })();
    for (const version of ['1.1.0', '1.0.0', '1.1.0']) await one.taxonomies.activate(version);
    looking = false;
    await watching;
    expect(begun.meaning.taxonomy.version).toBe('1.0.0');
  });

  test('while the model is away it waits and says so; another takes its place', async () => {
    const one = await ready(memoryMeanings());
    for (const version of ['1.1.0', '1.2.0']) await one.taxonomies.add(files(version), true);
    one.behaviour.away = 'The endpoint sleeps.';
    expect(await one.taxonomies.activate('1.1.0')).toMatchObject({ state: 'preparing' });
    await until(
      async () => (await one.taxonomies.read('1.1.0')).preparation?.waitingFor === 'The endpoint sleeps.',
    );
    expect(await one.taxonomies.activate('1.2.0')).toMatchObject({ state: 'preparing' });
    expect(await one.taxonomies.read('1.1.0')).toMatchObject({ state: 'stored' });
    one.behaviour.away = null;
    await until(() => one.now()[0] === '1.2.0');
  });

  test('one that the model cannot be used with is refused, and what is active stays', async () => {
    const one = await ready(memoryMeanings(), '1.0.0', { unfit: ['1.1.0'] });
    await one.taxonomies.add(files('1.1.0'), true);
    await expect(one.taxonomies.activate('1.1.0')).rejects.toMatchObject({
      code: 'taxonomy.invalid',
      message: 'The model cannot be used with it: it lacks 1.1.0',
    });
    expect(one.now()).toEqual(['1.0.0', 'own', '1']);
    expect(await one.taxonomies.read('1.1.0')).toMatchObject({ state: 'stored', failure: 'it lacks 1.1.0' });
  });
});

describe('several processes', () => {
  test('one prepares, all switch', async () => {
    const meanings = memoryMeanings();
    const [one, two] = [await ready(meanings), await ready(meanings)];
    await one.taxonomies.add(files('1.1.0'), true);
    await two.taxonomies.activate('1.1.0');
    await until(() => one.now()[0] === '1.1.0' && two.now()[0] === '1.1.0');
    expect([one, two].map(({ keeper }) => keeper.taxonomy().version)).toEqual(['1.1.0', '1.1.0']);
  });

  test('where the one that prepares falls silent, another takes over', async () => {
    const meanings = memoryMeanings();
    const two = await ready(meanings);
    await two.taxonomies.add(files('1.1.0'), true);
    const ticket = (await meanings.want('1.1.0'))!;
    // A process that claimed it and was killed.
    expect(await meanings.claim(ticket, 'dead', 50, { captions: null, waitingFor: null })).toBe(true);
    await until(() => two.now()[0] === '1.1.0');
  });

  test('one that stops in order gives the wish away at once', async () => {
    const meanings = memoryMeanings();
    const one = await ready(meanings, '1.0.0', { encode: () => moment(20), away: null });
    await one.taxonomies.add(files('1.1.0'), true);
    one.behaviour.away = 'not now';
    await one.taxonomies.activate('1.1.0');
    await running.pop()!.stop();
    expect((await meanings.active()).preparing).toMatchObject({ taxonomy: '1.1.0', idle: true });
  });

  test('a model that was opened anew meanwhile is the one that answers', async () => {
    const meanings = memoryMeanings();
    const held = gate();
    const two = await ready(meanings, '1.0.0', {
      mean: (version, fingerprint) => (version + fingerprint === '1.1.01' ? held.passed() : moment(1)),
    });
    await two.taxonomies.add(files('1.1.0'), true);
    const ticket = (await meanings.want('1.1.0'))!;
    await meanings.claim(ticket, 'third', 1000, { captions: null, waitingFor: null });
    await meanings.switchOver(ticket, 'third');
    await moment(20);
    two.models.again();
    await until(() => two.models.reason() === null);
    expect(two.now()).toEqual(['1.0.0', 'own', '2']);
    held.open();
    await until(() => two.now()[0] === '1.1.0');
    await moment(20);
    expect(two.now()).toEqual(['1.1.0', null, '2']);
  });

  test('one that cannot follow goes on as before, and says that it is not ready', async () => {
    const meanings = memoryMeanings();
    const [one, two] = [await ready(meanings), await ready(meanings, '1.0.0', { unfit: ['1.1.0'] })];
    await one.taxonomies.add(files('1.1.0'), true);
    const ticket = (await meanings.want('1.1.0'))!;
    // A third process prepared it.
    await meanings.claim(ticket, 'third', 1000, { captions: null, waitingFor: null });
    await meanings.switchOver(ticket, 'third');
    await until(() => two.keeper.reason() !== null && one.now()[0] === '1.1.0');
    expect(two.keeper.reason()).toBe('What was activated cannot be used here: it lacks 1.1.0');
    expect(two.now()[0]).toBe('1.0.0');
    await one.taxonomies.activate('1.0.0');
    await until(() => two.keeper.reason() === null);
  });
});

describe('a start', () => {
  async function activated(version: string) {
    const meanings = memoryMeanings();
    const one = await ready(meanings);
    await one.taxonomies.add(files(version), true);
    await one.taxonomies.activate(version);
    await running.pop()!.stop();
    return meanings;
  }

  test('goes by what was activated', async () => {
    const again = await ready(await activated('1.1.0'));
    expect(again.now()).toEqual(['1.1.0', null, '1']);
  });

  test('with one that cannot be used tags nothing and says why, until another is activated', async () => {
    const broken = await started(await activated('1.1.0'), '1.0.0', { unfit: ['1.1.0'] });
    await expect(broken.models.ready()).rejects.toThrow('it lacks 1.1.0');
    expect(broken.keeper.reason()).toBe('it lacks 1.1.0');
    expect(() => broken.models.now()).toThrow('cannot be used');
    expect(await broken.taxonomies.activate('1.0.0')).toMatchObject({ state: 'active' });
    await until(() => broken.keeper.reason() === null);
    expect(broken.now()[0]).toBe('1.0.0');
  });

  test('with one that this release refuses has no taxonomy at all until then', async () => {
    const meanings = memoryMeanings();
    // An earlier release took it.
    await meanings.addTaxonomy({ version: '1.0.13', id: 'small', contentHash: 'x', files: files('1.0.13') });
    const ticket = (await meanings.want('1.0.13'))!;
    await meanings.claim(ticket, 'w', 1000, { captions: null, waitingFor: null });
    await meanings.switchOver(ticket, 'w');
    const broken = await started(meanings);
    await expect(broken.models.ready()).rejects.toThrow('is unlucky');
    expect(() => broken.keeper.taxonomy()).toThrow(
      expect.objectContaining({ code: 'inference.unavailable' }),
    );
    await broken.taxonomies.activate('1.0.0');
    await until(() => broken.keeper.reason() === null);
    expect(broken.keeper.taxonomy().version).toBe('1.0.0');
  });
});

describe('calibrations', () => {
  test('count at once, and only for their taxonomy', async () => {
    const one = await ready(memoryMeanings());
    await one.taxonomies.add(files('1.1.0'), true);
    await expect(one.calibrations.add(calibration('x', 'small@7.0.0'))).rejects.toMatchObject({
      code: 'calibration.invalid',
      errors: [{ pointer: '/taxonomy', detail: 'is not here' }],
    });
    await one.calibrations.add(calibration('mine', 'small@1.0.0'));
    await one.calibrations.add(calibration('later', 'small@1.1.0'));
    const before = one.encoded.length;
    expect(await one.calibrations.activate('mine')).toMatchObject({ state: 'active' });
    await one.calibrations.activate('later');
    expect(one.now()).toEqual(['1.0.0', 'mine', '1']);
    expect(one.encoded.length).toBe(before);
    await one.taxonomies.activate('1.1.0');
    expect(one.now()).toEqual(['1.1.0', 'later', '1']);
    await one.taxonomies.activate('1.0.0');
    expect(one.now()).toEqual(['1.0.0', 'mine', '1']);
    expect(await one.calibrations.activate('own')).toMatchObject({ source: 'folder', state: 'active' });
    expect(one.now()).toEqual(['1.0.0', 'own', '1']);
    await expect(one.calibrations.activate('nothing')).rejects.toMatchObject({
      code: 'calibration.not_found',
    });
  });

  test('a meaning that is not active can be prepared beside what is', async () => {
    const one = await ready(memoryMeanings());
    await one.taxonomies.add(files('1.1.0'), true);
    await one.calibrations.add(calibration('later', 'small@1.1.0'));
    const { signal } = new AbortController();
    const prepared = (taxonomyVersion: string | null, calibrationId: string | null) =>
      one.prepareMeaning({ taxonomyVersion, calibrationId }, signal);
    const { meaning } = await prepared('1.1.0', 'later');
    expect([meaning.taxonomy.version, meaning.calibration?.id]).toEqual(['1.1.0', 'later']);
    expect((await prepared(null, null)).meaning.calibration?.id).toBe('own');
    expect((await prepared('1.1.0', null)).meaning.calibration).toBeNull();
    expect((await prepared('1.0.0', null)).meaning.calibration?.id).toBe('own');
    await expect(prepared('9.9.9', null)).rejects.toMatchObject({ code: 'taxonomy.not_found' });
    await expect(prepared(null, 'later')).rejects.toMatchObject({ code: 'calibration.invalid' });
    await expect(prepared(null, 'nothing')).rejects.toMatchObject({ code: 'calibration.not_found' });
    expect(one.now()[0]).toBe('1.0.0');
  });
});

test('whatever happens in whatever order: in the end every process answers by what is active', async () => {
  const step = fc.oneof(
    fc.constantFrom('1.0.0', '1.1.0', '1.2.0').map((version) => ({ kind: 'activate' as const, version })),
    fc.constant({ kind: 'again' as const }),
    fc.constant({ kind: 'calibrate' as const }),
    fc.boolean().map((away) => ({ kind: 'away' as const, away })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, fc.nat(3), fc.nat(1)), { maxLength: 12 }), async (steps) => {
      const meanings = memoryMeanings();
      const both = [await ready(meanings), await ready(meanings)];
      for (const version of ['1.1.0', '1.2.0']) await both[0]!.taxonomies.add(files(version), true);
      await both[0]!.calibrations.add(calibration('c', 'small@1.1.0'));
      const calls: Promise<unknown>[] = [];
      for (const [what, ms, index] of steps) {
        const one = both[index]!;
        if (what.kind === 'activate')
          calls.push(meanings.want(what.version === '1.0.0' ? null : what.version));
        else if (what.kind === 'again') one.models.again();
        else if (what.kind === 'calibrate') calls.push(meanings.chooseCalibration('m', 'small@1.1.0', 'c'));
        else one.behaviour.away = what.away ? 'away' : null;
        await moment(ms);
      }
      await Promise.all(calls);
      for (const one of both) one.behaviour.away = null;
      const settled = async () => {
        const { taxonomy, preparing, generation } = await meanings.active();
        return (
          preparing === null &&
          both.every(
            ({ keeper, models }) =>
              models.reason() === null &&
              keeper.generation() === generation &&
              keeper.taxonomy().version === (taxonomy ?? '1.0.0') &&
              models.now().meaning.taxonomy === keeper.taxonomy() &&
              // Nothing of a model that was opened before the last.
              models.now().model.card.fingerprint === keeper.bare()?.card.fingerprint,
          )
        );
      };
      await until(settled);
      for (const one of both) await one.stop();
      running.length = 0;
    }),
    { numRuns: 40 },
  );
}, 120_000);
