import { describe, expect, test } from 'vitest';
import { createAdmission } from '../../../src/adapters/image/admission.ts';

/** Work that ends when told to, and notes that it began. */
function jobs() {
  const began: string[] = [];
  const ends = new Map<string, () => void>();
  const job = (name: string) => () => {
    began.push(name);
    return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
  };
  const end = async (name: string) => {
    ends.get(name)!();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { began, job, end };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const limits = { capacity: 2, maxWaiting: 2, maxWaitingBytes: 100 };

describe('admission', () => {
  test('as many at once as there is capacity, the others in order', async () => {
    const { began, job, end } = jobs();
    const { run } = createAdmission(limits);
    const all = ['a', 'b', 'c', 'd'].map((name) => run(1, 1, undefined, job(name)));
    await settle();
    expect(began).toEqual(['a', 'b']);
    await end('b');
    expect(began).toEqual(['a', 'b', 'c']);
    await end('a');
    await end('c');
    await end('d');
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a heavy one runs alone, and is not overtaken while it waits', async () => {
    const { began, job, end } = jobs();
    const { run } = createAdmission(limits);
    void run(1, 1, undefined, job('light'));
    void run(4, 1, undefined, job('heavy'));
    void run(1, 1, undefined, job('late'));
    await settle();
    expect(began).toEqual(['light']);
    await end('light');
    expect(began).toEqual(['light', 'heavy']);
    await end('heavy');
    expect(began).toEqual(['light', 'heavy', 'late']);
  });

  test('refuses beyond the waiting places, and beyond their bytes', async () => {
    const { job } = jobs();
    const byCount = createAdmission(limits);
    for (const name of ['a', 'b', 'c', 'd']) void byCount.run(1, 1, undefined, job(name));
    const refusal = { code: 'service.overloaded', retryAfter: 1 };
    await expect(byCount.run(1, 1, undefined, job('e'))).rejects.toMatchObject(refusal);
    const byBytes = createAdmission(limits);
    for (const name of ['a', 'b', 'c']) void byBytes.run(1, 60, undefined, job(name));
    await expect(byBytes.run(1, 60, undefined, job('d'))).rejects.toMatchObject(refusal);
  });

  test('who goes away leaves the queue and holds nobody up', async () => {
    const { began, job, end } = jobs();
    const { run } = createAdmission({ ...limits, capacity: 1 });
    void run(1, 1, undefined, job('a'));
    const leaving = new AbortController();
    const left = run(1, 1, leaving.signal, job('b'));
    void run(1, 1, undefined, job('c'));
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: 'request.cancelled' });
    await end('a');
    expect(began).toEqual(['a', 'c']);
    await expect(run(1, 1, leaving.signal, job('d'))).rejects.toMatchObject({ code: 'request.cancelled' });
  });

  test('failed work frees its place', async () => {
    const { run } = createAdmission({ ...limits, capacity: 1 });
    await expect(run(1, 1, undefined, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(run(1, 1, undefined, () => Promise.resolve('fine'))).resolves.toBe('fine');
  });
});
