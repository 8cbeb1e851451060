import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failurePageSchema } from '../../src/http/wire-failures.ts';
import { operationSchema } from '../../src/http/wire-operation.ts';
import { createWorld, sampleOperation, type World } from './fake-services.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.app.close());
const call = (method: 'GET' | 'POST', url: string) =>
  world.app.inject({ method, url, headers: { host: 'localhost' } });

describe('failures', () => {
  test('are listed in pages', async () => {
    const first = await call('GET', '/admin/failures?limit=1');
    expect(first.statusCode).toBe(200);
    const page = failurePageSchema.parse(first.json());
    expect(page.items[0]).toMatchObject({ source: 'requests', error: { code: 'image.unreadable' } });
    const second = await call('GET', `/admin/failures?limit=1&cursor=${page.next}`);
    expect(failurePageSchema.parse(second.json()).next).toBeNull();
    expect(world.listed.slice(-2)).toEqual([
      [1, null],
      [1, { key: 1e15 + 1, id: sampleOperation('failed').id }],
    ]);
  });

  test.each(['?limit=0', '?cursor=x', '?status=failed'])('%s is 400', async (query) => {
    const answer = await call('GET', `/admin/failures${query}`);
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'request.malformed']);
  });

  test('a retry is accepted work', async () => {
    const { id } = sampleOperation('failed');
    const answer = await call('POST', `/admin/failures/${id.toUpperCase()}/retry`);
    expect([answer.statusCode, answer.headers.location]).toEqual([202, `/operations/${id}`]);
    expect(operationSchema.parse(answer.json())).toMatchObject({ id, state: 'queued' });
  });

  test('what is unknown, and what is not failed', async () => {
    for (const [id, status, code] of [
      ['x', 404, 'operation.not_found'],
      ['22222222-2222-2222-2222-222222222222', 404, 'operation.not_found'],
      ['11111111-1111-1111-1111-111111111111', 409, 'operation.conflict'],
    ] as const) {
      const answer = await call('POST', `/admin/failures/${id}/retry`);
      expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    }
  });
});
