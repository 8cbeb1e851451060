/** The whole app, with one of its routes replaced by a careless one: it must not start, with keys or without. */
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

// Files share what they import: this one imports its own, and leaves nothing of it behind.
let createWorld: typeof import('./fake-services.ts')['createWorld'];
beforeAll(async () => {
  vi.resetModules();
  vi.doMock('../../src/http/routes/model.ts', () => ({
    modelRoute: (app: FastifyInstance) => void app.get('/careless', async () => ({})),
  }));
  ({ createWorld } = await import('./fake-services.ts'));
});
afterAll(() => {
  vi.doUnmock('../../src/http/routes/model.ts');
  vi.resetModules();
});

test.each([null, []])('keys %j: the route that declares no scope is named', async (keys) => {
  await expect(createWorld({}, { keys })).rejects.toThrow(/do not declare a scope .*GET \/careless/);
});
