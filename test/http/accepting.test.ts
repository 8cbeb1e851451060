import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operationSchema } from '../../src/http/wire-operation.ts';
import { createWorld, form, photo, sampleOperation, type World } from './fake-services.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.app.close());

const send = (query: string, headers: Record<string, string> = {}) => {
  const { headers: own, ...body } = form([photo()]);
  return world.app.inject({
    method: 'POST',
    url: `/products/sku/tags${query}`,
    ...body,
    headers: { ...own, ...headers },
  });
};

describe('async=true', () => {
  test('is answered 202 with where to look', async () => {
    const answer = await send('?async=true&attributes=color');
    expect(answer.statusCode).toBe(202);
    const { id } = sampleOperation('sku');
    expect(answer.headers.location).toBe(`/operations/${id}`);
    expect(operationSchema.parse(answer.json())).toMatchObject({ id, productId: 'sku', state: 'queued' });
    expect(world.accepted.at(-1)![0]).toMatchObject({ productId: 'sku', attributes: ['color'], store: true });
  });

  test('contradicts store=false', async () => {
    const answer = await send('?async=true&store=false');
    expect([answer.statusCode, answer.json().errors[0].pointer]).toEqual([400, '/query/store']);
  });

  test('GET /operations/:id', async () => {
    const get = (id: string) =>
      world.app.inject({ url: `/operations/${id}`, headers: { host: 'localhost' } });
    const { id } = sampleOperation('sku');
    expect(operationSchema.parse((await get(id)).json()).id).toBe(id);
    expect((await get(id.toUpperCase())).statusCode).toBe(200);
    for (const unknown of ['x', '11111111-1111-1111-1111-111111111111', `${id}0`]) {
      const answer = await get(unknown);
      expect([answer.statusCode, answer.json().code]).toEqual([404, 'operation.not_found']);
    }
  });
});

describe('Idempotency-Key', () => {
  test('is handed on, with how the answer is filtered', async () => {
    await send('?minConfidence=0.5', { 'idempotency-key': 'order-42 / 1' });
    expect(world.calls.at(-1)).toEqual({ scope: '', key: 'order-42 / 1', answer: 'minConfidence=0.5' });
    await send('', {});
    expect(world.calls.at(-1)).toBeNull();
    await send('?async=true', { 'idempotency-key': 'k' });
    expect(world.accepted.at(-1)![1]).toEqual({ scope: '', key: 'k', answer: 'minConfidence=0' });
  });

  test.each(['', ' ', 'x'.repeat(256), 'schlüssel'])('%j is 400', async (key) => {
    const answer = await send('', { 'idempotency-key': key });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'request.malformed']);
  });
});
