/** A merchandiser's day against the real service: look at what is doubtful, say what is right, find it kept, forget. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from './service.ts';

const drawing = (name: string) => readFile(path.resolve(import.meta.dirname, '../fixtures/images', name));
const shirt = await drawing('tall.jpg');
/** Upside down, a T-shirt is nothing that the model is sure of. */
const doubtful = await Promise.all(
  ['tall.jpg', 'large.jpg', 'tall.png'].map(async (name) =>
    sharp(await drawing(name))
      .flip()
      .jpeg()
      .toBuffer(),
  ),
);

interface Decision {
  readonly status: string;
  readonly source: string;
  readonly values: readonly { readonly id: string }[];
  readonly candidates: readonly { readonly id: string }[];
  readonly rejected: readonly string[];
}
interface TagSet {
  readonly productId: string;
  readonly revision: number;
  readonly category: Decision;
  readonly attributes: Record<string, Decision>;
  readonly variants: readonly { readonly key: string; readonly attributes: Record<string, Decision> }[];
  readonly tags: readonly string[];
}
interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

const run = `review-${Date.now()}`;
const names = ['one', 'two', 'three'].map((name) => `${run}/${name}`);
let folder: string;
let settings: Record<string, string>;
let service: Service;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-reviewing-'));
  const database = process.env.TEST_DATABASE_URL;
  settings = { DATA_DIR: folder, ...(database ? { DATABASE_URL: database } : {}) };
  service = await startService(settings);
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
});

const at = (id: string) => `${service.url}/products/${encodeURIComponent(id)}`;

async function tag(id: string, pictures: readonly Uint8Array[], fields: Record<string, string> = {}) {
  const form = new FormData();
  for (const picture of pictures) form.append('image', new Blob([new Uint8Array(picture)]), 'a.jpg');
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(`${at(id)}/tags`, { method: 'POST', body: form });
    // A service that starts on a busy machine may ask for patience, and says for how long.
    if (answer.status === 503 && attempt < 10) {
      await sleep(1000 * Number(answer.headers.get('retry-after')));
      continue;
    }
    expect(answer.status).toBe(200);
    return (await answer.json()) as TagSet;
  }
}

async function review(id: string, words: object, ifMatch?: string) {
  const headers = { 'content-type': 'application/json', ...(ifMatch ? { 'if-match': ifMatch } : {}) };
  const answer = await fetch(`${at(id)}/tags`, { method: 'PATCH', headers, body: JSON.stringify(words) });
  return { status: answer.status, etag: answer.headers.get('etag'), body: (await answer.json()) as TagSet };
}

/** Of this run, over all pages: the database may be shared. */
async function list(query: string, limit = 2): Promise<readonly string[]> {
  const found: string[] = [];
  for (let cursor = ''; ; ) {
    const answer = await fetch(`${service.url}/products?limit=${limit}&${query}${cursor}`);
    expect(answer.status).toBe(200);
    const { items, next } = (await answer.json()) as Page<TagSet>;
    expect(items.length).toBeLessThanOrEqual(limit);
    found.push(...items.map(({ productId }) => productId).filter((id) => id.startsWith(run)));
    if (next === null) return found;
    cursor = `&cursor=${next}`;
  }
}

const queue = () => list('review=pending&sort=uncertainty');

test('what is doubtful waits in the queue; what is sure does not', async () => {
  await tag(`${run}/sure`, [shirt]);
  for (const [index, id] of names.entries()) {
    const { category } = await tag(id, [doubtful[index]!]);
    expect(category).toMatchObject({ status: 'abstained', reason: 'below-threshold' });
  }
  expect([...(await queue())].sort()).toEqual([...names].sort());
  expect(await list('review=done')).toEqual([`${run}/sure`]);
});

test('a review says which revision it looked at; another one in between is told', async () => {
  const [id] = names as [string];
  const words = { category: 'T-shirt', set: { color: ['rust'] }, by: 'Ada' };
  const first = await review(id, words, '"1"');
  expect(first).toMatchObject({
    status: 200,
    etag: '"2"',
    body: {
      revision: 2,
      category: { status: 'accepted', source: 'human', values: [{ id: 't-shirt' }] },
      attributes: { color: { status: 'accepted', source: 'human', reviewed: { by: 'Ada' } } },
    },
  });
  expect(first.body.tags).toEqual(expect.arrayContaining(['category/t-shirt', 'color/rust']));
  const late = await review(id, { clear: ['color'] }, '"1"');
  expect(late).toMatchObject({ status: 412, etag: '"2"', body: { code: 'revision.conflict', revision: 2 } });
  const wrong = await review(id, { set: { colour: ['red'], fabric: ['custard'] }, reject: ['fit/huge'] });
  expect(wrong.status).toBe(400);
  expect(wrong.body).toMatchObject({
    errors: [{ pointer: '/set/fabric/0' }, { pointer: '/reject/0' }, { pointer: '/set/colour' }],
  });
  expect(await (await fetch(`${at(id)}/tags`)).json()).toEqual(first.body);
});

test('other pictures and a restart: a person’s word stands, and what was barred stays away', async () => {
  const [id] = names as [string];
  const said = (await (await fetch(`${at(id)}/tags`)).json()) as TagSet;
  const barred = await review(id, { set: { fabric: ['denim'] }, reject: ['sleeve-length/short'] });
  expect(barred.body.attributes.material).toMatchObject({ source: 'human', values: [{ id: 'denim' }] });
  const again = await tag(id, [shirt]);
  expect([again.category, again.attributes.color]).toEqual([said.category, said.attributes.color]);
  expect(again.attributes.material).toEqual(barred.body.attributes.material);
  // The drawing shows short sleeves; it may say anything else.
  const { values, candidates, rejected } = again.attributes['sleeve-length']!;
  expect([...values, ...candidates].map((one) => one.id)).not.toContain('short');
  expect(rejected).toEqual(['short']);
  await service.stop();
  service = await startService(settings);
  expect(await (await fetch(`${at(id)}/tags`)).json()).toEqual(again);
  const reset = await review(id, { reset: ['sleeve-length', 'color'] });
  const alone = await tag(`${run}/alone`, [shirt], { category: 't-shirt' });
  expect(reset.body.attributes['sleeve-length']).toEqual(alone.attributes['sleeve-length']);
  expect(reset.body.attributes.color).toEqual(alone.attributes.color);
});

test('every revision with its cause, a page at a time', async () => {
  const [id] = names as [string];
  const entries: [number, string][] = [];
  for (let cursor = ''; ; ) {
    const answer = await fetch(`${at(id)}/tags/history?limit=2${cursor}`);
    const { items, next } = (await answer.json()) as Page<{
      revision: number;
      cause: string;
      tagSet: TagSet;
    }>;
    for (const { revision, cause, tagSet } of items) {
      expect(tagSet.revision).toBe(revision);
      entries.push([revision, cause]);
    }
    if (next === null) break;
    cursor = `&cursor=${next}`;
  }
  expect(entries).toEqual([
    [5, 'review'],
    [4, 'request'],
    [3, 'review'],
    [2, 'review'],
    [1, 'request'],
  ]);
});

test('lists know people’s words, categories from above, and variants', async () => {
  const [id] = names as [string];
  const both = await tag(`${run}/both`, [shirt, await drawing('wide.jpg')], { variants: 'red,blue' });
  expect(both.variants.map(({ key }) => key)).toEqual(['red', 'blue']);
  expect((await review(`${run}/both`, { set: { color: ['navy'] } })).status).toBe(400);
  expect((await review(`${run}/both`, { set: { color: ['navy'] }, variant: 'green' })).status).toBe(400);
  const { body } = await review(`${run}/both`, { set: { color: ['navy', 'white'] }, variant: 'blue' });
  expect(body.variants.map(({ attributes }) => attributes.color?.source)).toEqual(['model', 'human']);
  expect(await list('attribute=color/navy')).toEqual([`${run}/both`]);
  expect(await list('attribute=fabric/denim')).toEqual([id]);
  expect(await list('attribute=material/denim&attribute=color/navy')).toEqual([]);
  expect((await list('category=clothing&attribute=color/navy&attribute=color/white'))[0]).toBe(`${run}/both`);
  expect(await list('category=dress')).toEqual([]);
  expect([...(await list('category=tops'))].sort()).toEqual(
    [id, ...['sure', 'alone', 'both'].map((name) => `${run}/${name}`)].sort(),
  );
  expect((await fetch(`${service.url}/products?category=spaceship`)).status).toBe(400);
});

test('the queue shrinks with every review, until it is empty', async () => {
  const seen: string[] = [];
  for (let waiting = await queue(); waiting.length > 0; ) {
    const [id] = waiting as [string];
    seen.push(id);
    const tagSet = (await (await fetch(`${at(id)}/tags`)).json()) as TagSet;
    const [first] = tagSet.category.candidates;
    const { status, body } = await review(id, { accept: [`category/${first!.id}`] }, `"${tagSet.revision}"`);
    expect([status, body.category.values[0]?.id]).toEqual([200, first!.id]);
    // Under its category there may be more to say.
    const open = Object.keys(body.attributes).filter((name) => body.attributes[name]?.status === 'abstained');
    if (open.length > 0) expect((await review(id, { clear: open }, `"${body.revision}"`)).status).toBe(200);
    const next = await queue();
    expect(next).toEqual(waiting.filter((other) => other !== id));
    waiting = next;
  }
  expect([...seen].sort()).toEqual([names[1], names[2]].sort());
});

test('forgotten: tags, history, originals; only the number goes on', async () => {
  const [id] = names as [string];
  const originals = async () =>
    (await readdir(path.join(folder, 'originals'), { recursive: true })).filter((name) =>
      /[0-9a-f]{64}$/.test(name),
    );
  const alone = `${run}/picture of its own`;
  const { revision } = await tag(alone, [Buffer.concat([shirt, Buffer.from(run)])]);
  const before = await originals();
  for (const status of [204, 204]) {
    expect((await fetch(at(alone), { method: 'DELETE' })).status).toBe(status);
    expect((await fetch(at(id), { method: 'DELETE' })).status).toBe(status);
  }
  // Its first picture was nobody else's; the second one shows other products too.
  expect(before.length - (await originals()).length).toBe(2);
  for (const gone of [id, alone]) {
    expect((await fetch(`${at(gone)}/tags`)).status).toBe(404);
    expect((await fetch(`${at(gone)}/tags/history`)).status).toBe(404);
    expect((await review(gone, { clear: ['color'] })).status).toBe(404);
  }
  expect(await list('attribute=material/denim')).toEqual([]);
  expect((await tag(alone, [shirt])).revision).toBe(revision + 1);
  const back = await tag(id, [shirt]);
  expect(back.revision).toBe(6);
  expect(back.attributes.material).toBeUndefined();
});
