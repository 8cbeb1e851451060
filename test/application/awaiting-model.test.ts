import { expect, test } from 'vitest';
import { awaitModel, perModel } from '../../src/application/awaiting-model.ts';
import { HangtagError } from '../../src/domain/errors.ts';

const away = () => new HangtagError('inference.unavailable', 'The endpoint does not exist.');
const soon = () => new Promise<void>((resolve) => setImmediate(resolve));

test('there at once', async () => {
  const model = awaitModel({ open: async () => 'here', wait: soon });
  await model.ready();
  expect([model.now(), model.reason()]).toEqual(['here', null]);
});

test('away, then there: what waits is told why, and nobody starts anew', async () => {
  let tries = 0;
  const told: string[] = [];
  const model = awaitModel({
    open: async () => {
      if (++tries < 4) throw away();
      return 'here';
    },
    wait: soon,
    onWaiting: (reason, count) => told.push(`${count} ${reason}`),
  });
  await soon();
  expect(() => model.now()).toThrow('The endpoint does not exist.');
  expect(model.reason()).toBe('The endpoint does not exist.');
  expect(await model.ready()).toBe('here');
  expect(model.reason()).toBeNull();
  expect(told).toEqual([1, 2, 3].map((count) => `${count} The endpoint does not exist.`));
});

test('what waiting cannot help with is final: whoever waits gets it as it is, callers are told to ask the log', async () => {
  const wrong = new Error('the fingerprint differs');
  const model = awaitModel({ open: () => Promise.reject(wrong), wait: soon });
  await expect(model.ready()).rejects.toBe(wrong);
  expect(() => model.now()).toThrow(
    expect.objectContaining({
      code: 'inference.unavailable',
      cause: wrong,
      message: expect.stringMatching(/log says why/),
    }),
  );
  expect(model.reason()).toBe('the fingerprint differs');
});

test('stopped: no further tries', async () => {
  let tries = 0;
  const model = awaitModel({
    open: async () => {
      tries++;
      throw away();
    },
    wait: soon,
  });
  await soon();
  model.stop();
  await expect(model.ready()).rejects.toMatchObject({ code: 'inference.unavailable' });
  const after = tries;
  await soon();
  await soon();
  expect(tries).toBe(after);
});

test('opened anew: in between it is away, what is made of it is made anew, and a call in work keeps its own', async () => {
  let count = 0;
  let says: ((progress: string) => void) | null = null;
  let go = () => {};
  const model = awaitModel({
    open: async (_signal, say) => {
      says = say;
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return { name: `model ${++count}` };
    },
    wait: soon,
  });
  const made: string[] = [];
  const cases = perModel(model, ({ name }) => {
    made.push(name);
    return name;
  });
  expect(cases).toThrow(/not available yet/);
  says!('512 of 18450 captions.');
  expect(model.reason()).toBe('512 of 18450 captions.');
  expect(cases).toThrow('512 of 18450 captions.');
  model.again();
  go();
  await model.ready();
  expect([cases(), cases()]).toEqual(['model 1', 'model 1']);
  model.again();
  model.again();
  expect(model.reason()).toBe('The model changed and is opened anew.');
  expect(cases).toThrow(/opened anew/);
  go();
  await model.ready();
  expect(cases()).toBe('model 2');
  expect(made).toEqual(['model 1', 'model 2']);
});

test('what is said after the opening closes nothing', async () => {
  let say = (_: string) => {};
  const model = awaitModel({
    open: async (_signal, tell) => {
      say = tell;
      tell('half way');
      await soon();
      return 'here';
    },
    wait: soon,
  });
  expect(model.reason()).toBe('half way');
  await model.ready();
  say('all captions are encoded');
  expect([model.now(), model.reason()]).toEqual(['here', null]);
});

test('replaced while it is open, not while it is being opened; opened anew after what was final', async () => {
  let wrong: Error | null = new Error('the two do not go together');
  let opened = 0;
  const model = awaitModel({
    open: async () => {
      await soon();
      if (wrong) throw wrong;
      return `opened ${++opened}`;
    },
    wait: soon,
  });
  expect(model.over()).toBe(false);
  await expect(model.ready()).rejects.toBe(wrong);
  expect(model.over()).toBe(true);
  model.replace('nothing');
  expect(model.reason()).toBe('the two do not go together');
  wrong = null;
  model.again('put right');
  model.replace('nothing');
  expect([model.over(), model.reason()]).toEqual([false, 'put right']);
  expect(await model.ready()).toBe('opened 1');
  model.replace('another');
  expect([model.now(), await model.ready()]).toEqual(['another', 'another']);
});
