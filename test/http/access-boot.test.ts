/** The whole app, with one of its routes replaced by a careless one: it must not start, with keys or without. */
import type { FastifyInstance } from 'fastify';
import { expect, test, vi } from 'vitest';
import { createWorld } from './fake-services.ts';

vi.mock('../../src/http/routes/model.ts', () => ({
  modelRoute: (app: FastifyInstance) => void app.get('/careless', async () => ({})),
}));

test.each([null, []])('keys %j: the route that declares no scope is named', async (keys) => {
  await expect(createWorld({}, { keys })).rejects.toThrow(/do not declare a scope .*GET \/careless/);
});
