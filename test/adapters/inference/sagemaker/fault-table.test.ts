/**
 * Every fault of docs/sagemaker-faults.md, through the AWS SDK: how often the endpoint is asked, what the caller gets, that
 * nothing outlasts its deadline, and that the next call is well without a restart. Short waits; the decisions are those
 * of the service.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { HangtagError } from '../../../../src/domain/errors.ts';
import { type EndpointWorld, startDeaf, startRelay, startWorld } from './endpoint-world.ts';
import { codeOf, type Row, rows, written } from './fault-rows.ts';

/** Three tries are all there are here; the service's own are four. */
const triesOf = { again: 3, later: 3, 'gives up': 1, waits: 1 } as const;
const well = () => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('"well"'),
});

let endpoint: EndpointWorld;
const started: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await endpoint.close();
  for (const one of started.splice(0)) await one.close();
});
const ask = (bytes = 10, deadlineMs = 10_000) =>
  endpoint.runtime.invoke(
    { body: new Uint8Array(bytes), contentType: 'application/octet-stream' },
    (body) => JSON.parse(new TextDecoder().decode(body)) as string,
    { deadlineMs },
  );

/** An address where nobody answers, and how to have somebody do so. */
async function silentAddress(healed: Row['healed']) {
  if (healed === 'deaf listener') {
    const deaf = await startDeaf();
    started.push(deaf);
    return { url: deaf.url, listen: () => deaf.hear(endpoint.door.url) };
  }
  const { url, close } = await startRelay('http://127.0.0.1:1');
  await close();
  return {
    url,
    listen: async () => void started.push(await startRelay(endpoint.door.url, Number(new URL(url).port))),
  };
}

describe('the table', () => {
  test.each(rows)('$fault', async (row: Row) => {
    const { script, healed, environment = {}, options, does } = row;
    const tries = triesOf[does];
    const silent = healed?.endsWith('listener') ? await silentAddress(healed) : null;
    endpoint = await startWorld(well, options, {
      ...environment,
      ...(silent ? { AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: silent.url } : {}),
    });
    const { door, runtime, watch } = endpoint;
    if (script !== undefined) door.script(...Array.from({ length: tries }, () => script));

    const deadlineMs = does === 'waits' ? 300 : 10_000;
    const before = performance.now();
    const error = await ask(row.bytes, deadlineMs).then(
      () => expect.fail('it went through'),
      (raised) => raised as HangtagError,
    );
    expect(performance.now() - before).toBeLessThan(does === 'waits' ? 1500 : 5000);
    expect(error).toMatchObject({ code: codeOf(row), message: row.says, retryAfter: row.retryAfter });
    expect(watch.called.mock.calls.map(([result]) => result)).toEqual(Array(tries).fill('failed'));
    expect(watch.retried.mock.calls).toEqual(Array(tries - 1).fill([does]));
    expect(runtime.reason()).toBeNull();

    if (healed === 'endpoint') endpoint.containers.gone = well;
    if (healed === 'credentials')
      for (const [name, value] of Object.entries(door.environment)) vi.stubEnv(name, value || undefined);
    await silent?.listen();
    if (script !== undefined || healed !== undefined) expect(await ask()).toBe('well');
    // Else it needs a restart, and says so.
    else expect(row.back).toMatch(/after a restart$/);
  });

  test('docs/sagemaker-faults.md has these rows, and no other', () => {
    const file = path.resolve(import.meta.dirname, '../../../../docs/sagemaker-faults.md');
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| '));
    expect(lines.slice(1)).toEqual(written());
  });
});
