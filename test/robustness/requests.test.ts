/**
 * Thousands of generated requests against every call of the OpenAPI document, over the real services. New calls are
 * tried as soon as they are described there. ROBUSTNESS_REQUESTS: how many (the slower ring asks for more);
 * ROBUSTNESS_SEED: other ones.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { calibrationDocument, taughtCalibration, taughtVersion, taxonomyDocuments } from './documents.ts';
import { type Doors, openDoors } from './doors.ts';
import { faults, shown } from './judge.ts';
import { pictures } from './multipart-bodies.ts';
import { type Operation, operations } from './operations.ts';
import { requestsFor, type Sent } from './requests.ts';
import { mostlySigned, signedEvent } from './signatures.ts';
import { knownIds, learn, nobody, unlearn } from './words.ts';

const total = Number(process.env.ROBUSTNESS_REQUESTS ?? 1000);
const seed = Number(process.env.ROBUSTNESS_SEED ?? 1);
/** Calls with a body or a query can be wrong in more ways. */
const weightOf = ({ bodies, parameters }: Operation) =>
  Object.keys(bodies).length > 0 ? 6 : parameters.length > 0 ? 3 : 1;
const weights = operations.reduce((sum, operation) => sum + weightOf(operation), 0);
const shareOf = (operation: Operation) => Math.ceil((total * weightOf(operation)) / weights);

let doors: Doors;
const counts = new Map<string, Map<number, number>>();

beforeAll(async () => {
  doors = await openDoors({ store: 'sql', requestTimeoutMs: 60_000 });
  await teach('/admin/taxonomies', await taxonomyDocuments(), taughtVersion);
  await teach('/admin/calibrations', await calibrationDocument(), taughtCalibration);
});
afterAll(async () => {
  console.info(report());
  await doors.close();
});
// What an earlier call deleted stands again, so that later ones find something.
beforeEach(async () => {
  const [body] = fc.sample(
    pictures.filter((bytes) => bytes.length > 200),
    { seed, numRuns: 1 },
  );
  for (const id of knownIds) {
    const url = `/products/${encodeURIComponent(id)}/tags`;
    const headers = { host: 'localhost', 'content-type': 'image/jpeg' };
    const answer = await doors.send({
      door: 'open',
      by: 'inject',
      method: 'POST',
      url,
      headers,
      body: body!,
      routed: true,
    });
    expect(answer.status).toBe(200);
  }
  await learnDeliveries();
  await withdraw(knownIds.at(-1)!);
  await fail();
  await importSlowly();
});

/** Sends a whole document, so that what needs one is found later. */
async function teach(url: string, document: object, id: string): Promise<void> {
  const operation = operations.find(({ name }) => name === `POST ${url}`)!;
  const headers = { host: 'localhost', 'content-type': 'application/json' };
  const body = Buffer.from(JSON.stringify(document));
  const common = { door: 'open', by: 'inject', routed: true } as const;
  await tryOut(operation, { ...common, method: 'POST', url, headers, body }, true);
  learn(`${url}/${encodeURIComponent(id)}`);
}

/** Subscribed, tagged, placed: ids that no answer names in its head. */
async function learnDeliveries(): Promise<void> {
  const common = { door: 'open', by: 'inject', routed: true } as const;
  const headers = { host: 'localhost', 'content-type': 'application/json' };
  const get = (url: string) => doors.send({ ...common, method: 'GET', url, headers, body: null });
  const body = Buffer.from(JSON.stringify({ url: `${nobody}/hooks`, events: ['product.tagged'] }));
  const made = await doors.send({ ...common, method: 'POST', url: '/admin/subscriptions', headers, body });
  learn(made.headers.location);
  await get('/changes?limit=1');
  const { items } = JSON.parse((await get('/admin/deliveries?limit=3')).body.toString());
  for (const { id } of items) learn(`/admin/deliveries/${id}`);
}

/** Its shop takes it back, so that there is something to restore. */
async function withdraw(productId: string): Promise<void> {
  const common = { door: 'open', by: 'inject', routed: true } as const;
  const headers = { host: 'localhost', 'content-type': 'application/json' };
  const event = { type: 'product.deleted', timestamp: new Date().toISOString(), data: { productId } };
  const sent = { ...common, method: 'POST', url: '/webhooks/catalog', headers };
  const answer = await doors.send(signedEvent({ ...sent, body: Buffer.from(JSON.stringify(event)) }));
  expect(answer.status).toBe(202);
  const url = `/products/${encodeURIComponent(productId)}/tags`;
  const read = () => doors.send({ ...common, method: 'GET', url, headers, body: null });
  await expect.poll(async () => (await read()).status, { timeout: 10_000 }).toBe(404);
}

/** Accepted work that can only fail, so that there is something to try again. */
async function fail(): Promise<void> {
  const common = { door: 'open', by: 'inject', routed: true } as const;
  const headers = { host: 'localhost', 'content-type': 'image/jpeg' };
  const url = '/products/torn/tags?async=true';
  const sent = { ...common, method: 'POST', url, headers, body: Buffer.from('no picture') };
  const { location } = (await doors.send(sent)).headers;
  const read = () => doors.send({ ...common, method: 'GET', url: String(location), headers, body: null });
  const state = async () => JSON.parse((await read()).body.toString()).state;
  await expect.poll(state, { timeout: 10_000 }).toBe('failed');
  learn(String(location).replace('/operations/', '/admin/failures/'));
}

/** An import that is not over soon: nobody answers where its pictures are. */
async function importSlowly(): Promise<void> {
  const headers = { host: 'localhost', 'content-type': 'application/x-ndjson' };
  const line = { productId: 'slow', images: [{ url: `${nobody}/slow.jpg` }] };
  const answer = await doors.send({
    door: 'open',
    by: 'inject',
    method: 'POST',
    url: '/admin/imports',
    headers,
    body: Buffer.from(JSON.stringify(line)),
    routed: true,
  });
  expect(answer.status).toBe(202);
  learn(answer.headers.location);
}

/** `alone`: one request at a time; the store has no reason to be away then, and saying so would hide a mistake of ours. */
async function tryOut(operation: Operation, unsigned: Sent, alone: boolean): Promise<void> {
  const sent = mostlySigned(unsigned);
  const answer = await doors.send(sent);
  learn(answer.headers.location);
  if (sent.method === 'DELETE' && answer.status === 204) unlearn(sent.url);
  const statuses = counts.get(operation.name) ?? new Map<number, number>();
  counts.set(operation.name, statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1));
  const found = faults(operation, sent, answer);
  if (alone && answer.status === 503) found.push('503 without any load');
  if (found.length === 0) return;
  const logged = doors.errors.at(-1) ?? 'nothing';
  throw new Error(
    `${found.join('; ')}\n${shown(sent)}\n-> ${answer.status} ${answer.body.toString().slice(0, 600)}\nlast logged error: ${logged.slice(0, 2000)}`,
  );
}

describe(`generated requests, seed ${seed}`, () => {
  test.each(operations)('$name', { timeout: 120_000 + total * 20 }, async (operation) => {
    await fc.assert(
      fc.asyncProperty(requestsFor(operation), (sent) => tryOut(operation, sent, true)),
      {
        seed,
        numRuns: shareOf(operation),
        interruptAfterTimeLimit: 100_000 + total * 20,
        markInterruptAsFailure: true,
      },
    );
    expect(
      [...counts.get(operation.name)!.values()].reduce((sum, count) => sum + count, 0),
    ).toBeGreaterThanOrEqual(shareOf(operation));
  });

  test('sixteen callers at the same time, any call', { timeout: 300_000 }, async () => {
    const any = fc
      .constantFrom(...operations)
      .chain((operation) => requestsFor(operation).map((sent) => [operation, sent] as const));
    const waiting = fc.sample(any, { seed, numRuns: Math.ceil(total / 10) });
    const caller = async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) await tryOut(...next, false);
    };
    await Promise.all(Array.from({ length: 16 }, caller));
  });

  test('good requests were among them, and nothing unforeseen was logged', () => {
    const never = operations.filter(({ name, responses }) => {
      const good = Object.keys(responses).filter((status) => status.startsWith('2'));
      return !good.some((status) => counts.get(name)?.has(Number(status)));
    });
    expect(never.map(({ name }) => name)).toEqual([]);
    expect(doors.errors).toEqual([]);
  });
});

function report(): string {
  const lines = [...counts].map(([name, statuses]) => {
    const sorted = [...statuses].sort(([a], [b]) => a - b);
    const sum = sorted.reduce((all, [, count]) => all + count, 0);
    return `  ${name.padEnd(36)} ${String(sum).padStart(6)}  ${sorted.map(([status, count]) => `${status}: ${count}`).join(', ')}`;
  });
  const all = [...counts.values()].flatMap((statuses) => [...statuses.values()]).reduce((a, b) => a + b, 0);
  return [`${all} generated requests, seed ${seed}:`, ...lines].join('\n');
}
