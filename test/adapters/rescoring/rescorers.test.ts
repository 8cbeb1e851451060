import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { packMeaning, unpackMeaning } from '../../../src/adapters/rescoring/meaning-data.ts';
import { createSameThreadRescorer } from '../../../src/adapters/rescoring/same-thread.ts';
import { createRescoringPool, type RescoringPool } from '../../../src/adapters/rescoring/thread-pool.ts';
import { ProfileNotLoaded } from '../../../src/domain/tagging/bank.ts';
import { decideProduct } from '../../../src/domain/tagging/decide-product.ts';
import {
  meaning,
  provenance,
  rescoringContract,
  standing,
  stored,
} from '../../contracts/rescoring.contract.ts';
import { captionedBank, loadTaxonomy, pictureOf } from '../../domain/tagging/captioned-world.ts';
import { axis, image } from '../../domain/tagging/small-world.ts';

rescoringContract('threads', () => createRescoringPool({ meaning, threads: 2, maxWaiting: 8 }));
rescoringContract('the same thread', () => createSameThreadRescorer(meaning));

const tee = [image(0, { [axis.tee]: 1, [axis.short]: 1, [axis.solid]: 1 })];
const input = (productId: string) => stored(standing(productId), tee);

/** A thread of our own making: `die` and `hang` do that, anything else is the same. */
const strange = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ id, block }) => {
    const first = block[0].productId;
    if (first === 'die') process.exit(7);
    if (first === 'hang') return setTimeout(() => answer(id, block), 300);
    answer(id, block);
  });
  const answer = (id, block) =>
    parentPort.postMessage({ id, outcomes: block.map(({ productId }) => ({ kind: 'same', productId })) });
`;

describe('a pool of threads', () => {
  let pool: RescoringPool;
  const deaths: unknown[] = [];
  const open = (threads: number, maxWaiting: number) => {
    pool = createRescoringPool({
      meaning,
      threads,
      maxWaiting,
      start: () => new Worker(strange, { eval: true }),
      onDeath: (cause) => deaths.push(cause),
    });
    return (productId: string, signal?: AbortSignal) =>
      pool.rescore([input(productId)], provenance, signal).then((outcomes) => outcomes[0]!.productId);
  };
  afterEach(async () => {
    await pool.close();
    deaths.length = 0;
  });

  test('a thread that dies takes its block with it, is told of, and the next block has a new one', async () => {
    const ask = open(1, 8);
    const [first, dead, next] = await Promise.allSettled([ask('a'), ask('die'), ask('b')]);
    expect(first).toMatchObject({ value: 'a' });
    expect(dead).toMatchObject({ reason: { code: 'inference.unavailable', retryAfter: 1 } });
    expect(next).toMatchObject({ value: 'b' });
    expect(deaths).toHaveLength(1);
    expect(pool.depth()).toEqual({ waiting: 0, running: 0 });
  });

  test('what waits is bounded, and what is given up makes room', async () => {
    const ask = open(1, 1);
    const hanging = ask('hang');
    const giving = new AbortController();
    const waiting = ask('a', giving.signal);
    await expect(ask('b')).rejects.toMatchObject({ code: 'service.overloaded' });
    giving.abort(new Error('enough'));
    await expect(waiting).rejects.toMatchObject({ code: 'request.cancelled' });
    expect(await Promise.all([hanging, ask('c')])).toEqual(['hang', 'c']);
  });

  test('given up in the middle: the caller goes, and the thread is not given another block before it is done', async () => {
    const ask = open(1, 8);
    const giving = new AbortController();
    const hanging = ask('hang', giving.signal);
    await pause(20);
    giving.abort(new Error('enough'));
    await expect(hanging).rejects.toMatchObject({ code: 'request.cancelled' });
    expect(pool.depth()).toEqual({ waiting: 0, running: 1 });
    expect(await ask('a')).toBe('a');
  });

  test('closing finishes what is in work and refuses what waits', async () => {
    const ask = open(1, 8);
    const hanging = ask('hang');
    const waiting = ask('a');
    await Promise.all([
      pool.close(),
      expect(waiting).rejects.toMatchObject({ code: 'inference.unavailable' }),
      expect(hanging).resolves.toBe('hang'),
    ]);
    expect(deaths).toEqual([]);
  });
});

describe('a meaning that is sent', () => {
  test('decides what it decided before, over the whole taxonomy', async () => {
    const taxonomy = await loadTaxonomy();
    const whole = { taxonomy, bank: captionedBank(taxonomy, 24), calibration: null };
    const sent = unpackMeaning(structuredClone(packMeaning(whole)));
    for (let product = 0; product < 40; product++) {
      const images = [0, 1].map((index) => pictureOf(taxonomy, whole.bank, product, index));
      const question = { images, category: null, attributes: null, explain: false };
      expect(decideProduct(sent, question)).toEqual(decideProduct(whole, question));
    }
  });

  test('shares its vectors, each once', () => {
    const { bank } = packMeaning(meaning);
    const groups = [...bank.groups.values()].map((profile) => profile.get('pattern'));
    expect(new Set(groups).size).toBe(1);
    expect(groups[0]!.values.data.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  test('a bank that is not loaded is not sent; nor is one without vectors', () => {
    const bank = {
      ...meaning.bank,
      attribute: () => {
        throw new ProfileNotLoaded('top');
      },
    };
    expect(() => packMeaning({ ...meaning, bank })).toThrow(ProfileNotLoaded);
    const values = { ...meaning.bank.categories.values, slots: new Int32Array(4) };
    const slots = { ...meaning.bank, categories: { ...meaning.bank.categories, values } };
    const under = { ...meaning, bank: slots };
    expect(() => createRescoringPool({ meaning: under, threads: 1, maxWaiting: 1 })).toThrow(TypeError);
    expect(() => createSameThreadRescorer(under)).toThrow(TypeError);
  });
});
