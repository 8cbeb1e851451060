/** A taxonomy that changes under the running service: what a photo gets before and after, filters, a restart, kill -9, and two processes. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { longRuns } from '../long-runs.ts';
import { type OwnDatabase, ownDatabase } from './own-database.ts';
import { type Service, startService } from './service.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Coral and white, as the colours are measured: see test/fixtures/images. */
const picture = await readFile(path.join(root, 'test/fixtures/images/tall.jpg'));
/** Coral is retired for pink, a pattern is new, short sleeves have another name. */
const changed = await edited('1.1.0', {
  'attributes/color.yaml': [[/(- id: coral\n)/, '$1  deprecated: true\n  replaced_by: pink\n']],
  'attributes/pattern.yaml': [
    [
      /values:\n/,
      "values:\n- id: star-print\n  name: Stars\n  prompts: ['{a} {item} printed all over with stars']\n",
    ],
  ],
  'attributes/sleeve-length.yaml': [['name: Short sleeve', 'name: Short']],
});

async function edited(
  version: string,
  edits: Readonly<Record<string, readonly (readonly [string | RegExp, string])[]>>,
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const place of ['', 'attributes', 'mappings']) {
    for (const name of await readdir(path.join(root, 'taxonomy', place))) {
      if (!name.endsWith('.yaml')) continue;
      const file = path.posix.join(place, name);
      let text = await readFile(path.join(root, 'taxonomy', file), 'utf8');
      for (const [from, to] of edits[file] ?? []) {
        expect(text.replace(from, to), file).not.toBe(text);
        text = text.replace(from, to);
      }
      files[file] = text;
    }
  }
  files['taxonomy.yaml'] = files['taxonomy.yaml']!.replace(/^version: .*$/m, `version: ${version}`);
  return files;
}

interface TagSet {
  readonly revision: number;
  readonly attributes: Record<string, { readonly values: readonly { id: string; name: string }[] }>;
  readonly provenance: { readonly taxonomy: string; readonly taxonomyHash: string };
}

/** A busy service is asked again, as any caller would. */
async function ask<T = Record<string, unknown>>(url: string, init?: RequestInit): Promise<T> {
  for (let tries = 1; ; tries++) {
    const answer = await fetch(url, init);
    if (answer.ok) return (await answer.json()) as T;
    const problem = await answer.text();
    if (answer.status !== 503 || tries > 100) throw new Error(`${url}: ${answer.status} ${problem}`);
    await sleep(200);
  }
}
const tag = (service: Service, id: string) =>
  ask<TagSet>(`${service.url}/products/${id}/tags`, {
    method: 'POST',
    headers: { 'content-type': 'image/jpeg' },
    body: picture,
  });
const push = (service: Service, files: Record<string, string>) =>
  ask<{ state: string; diff: { counts: object } }>(`${service.url}/admin/taxonomies`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ files }),
  });
const activate = (service: Service, version: string) =>
  ask<{ state: string }>(`${service.url}/admin/taxonomies/${version}/activate`, { method: 'POST' });
const activeOf = async (service: Service) =>
  (await ask<{ taxonomy: string }>(`${service.url}/taxonomy/attributes/color`)).taxonomy.split('@')[1]!;
async function becomes(service: Service, version: string): Promise<void> {
  for (let tries = 0; (await activeOf(service)) !== version; tries++) {
    if (tries > 300) throw new Error(`it is still ${await activeOf(service)}:\n${service.log()}`);
    await sleep(100);
  }
}
const tagged = async (service: Service, value: string) =>
  (await ask<{ items: { productId: string }[] }>(`${service.url}/products?attribute=${value}`)).items.map(
    ({ productId }) => productId,
  );

describe('one service', () => {
  let folder: string;
  let database: OwnDatabase;
  let service: Service;
  const settings = () => ({ DATA_DIR: folder, ...database.settings });
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'hangtag-taxonomies-'));
    database = await ownDatabase();
    service = await startService(settings());
  }, 60_000);
  afterAll(async () => {
    await service?.stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    await database?.drop();
  });

  test('a photo before and after; filters; a restart; and back', async () => {
    const before = await tag(service, 'before');
    expect(before.attributes.color!.values[0]!.id).toBe('coral');
    expect(before.provenance.taxonomy).toBe('retail-visual-attributes@1.0.0');

    expect(await push(service, changed)).toMatchObject({
      state: 'stored',
      diff: { counts: { added: 1, retired: 1, renamed: 1 } },
    });
    await activate(service, '1.1.0');
    await becomes(service, '1.1.0');
    const pattern = await ask<{ values: { id: string }[] }>(`${service.url}/taxonomy/attributes/pattern`);
    expect(pattern.values[0]!.id).toBe('star-print');
    // The bundled model was not trained on it, as on no pattern.
    const after = await tag(service, 'after');
    expect(after.provenance.taxonomy).toBe('retail-visual-attributes@1.1.0');
    const ids = after.attributes.color!.values.map(({ id }) => id);
    expect(ids).not.toContain('coral');
    const said = await ask(`${service.url}/products/after/tags`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ set: { color: ['coral'] } }),
    });
    expect(said).toMatchObject({
      attributes: { color: { source: 'human', values: [{ id: 'pink' }] } },
      warnings: expect.arrayContaining([expect.objectContaining({ code: 'value.replaced' })]),
    });
    // What was tagged before stays, and either name finds both.
    expect((await ask<TagSet>(`${service.url}/products/before/tags`)).provenance).toEqual(before.provenance);
    for (const value of ['color/coral', 'color/pink'])
      expect((await tagged(service, value)).sort()).toEqual(['after', 'before']);

    expect(await service.stop()).toBe(0);
    service = await startService(settings());
    expect(await activeOf(service)).toBe('1.1.0');
    expect(await activate(service, '1.0.0')).toMatchObject({ state: 'active' });
    expect((await tag(service, 'back')).attributes.color!.values[0]!.id).toBe('coral');
    expect(await tagged(service, 'color/pink')).toEqual(['after']);
  }, 60_000);

  test('no answer mixes two while they are switched to and fro under load', async () => {
    await push(service, changed);
    const hashes = new Map<string, string>();
    let switching = true;
    const lanes = [0, 1].map(async (lane) => {
      for (let n = 0; switching; n++) {
        const { attributes, provenance } = await tag(service, `lane-${lane}-${n % 5}`);
        const known = hashes.get(provenance.taxonomy) ?? provenance.taxonomyHash;
        hashes.set(provenance.taxonomy, known);
        expect(provenance.taxonomyHash).toBe(known);
        const isCoral = attributes.color!.values.some(({ id }) => id === 'coral');
        expect(isCoral, provenance.taxonomy).toBe(provenance.taxonomy.endsWith('@1.0.0'));
      }
    });
    const asked = Promise.all(lanes);
    asked.catch(() => {});
    for (const version of ['1.1.0', '1.0.0', '1.1.0', '1.0.0']) {
      await activate(service, version);
      await becomes(service, version);
      await sleep(200);
    }
    switching = false;
    await asked;
    expect(hashes.size).toBe(2);
  }, 60_000);

  test('one that the model was not trained for is refused', async () => {
    // A class of the bundled model is gone.
    const unfit = await edited('3.0.0', {
      'attributes/sleeve-length.yaml': [[/- id: short\n/, '- id: shortish\n']],
      'attributes/sleeve-style.yaml': [[/\bshort\b/, 'shortish']],
      'mappings/shopify.yaml': [[/sleeve-length\/short:/, 'sleeve-length/shortish:']],
    });
    await push(service, unfit);
    const refused = activate(service, '3.0.0');
    await expect(refused).rejects.toThrow(/422.*taxonomy\.invalid.*sleeve-length\/short/);
    expect(await activeOf(service)).toBe('1.0.0');
  }, 60_000);

  const rounds = 6;
  test.runIf(longRuns)(
    `kill -9 while one is activated: the former or the new one, in ${rounds} round(s)`,
    async () => {
      for (let round = 0; round < rounds; round++) {
        const next = (await activeOf(service)) === '1.0.0' ? '1.1.0' : '1.0.0';
        const accepted = activate(service, next).then(
          () => true,
          () => false,
        );
        await sleep(Math.random() * 300);
        await service.stop('SIGKILL');
        const lasted = await accepted;
        service = await startService(settings());
        expect(['1.0.0', '1.1.0']).toContain(await activeOf(service));
        expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
        // What was answered with success comes to be, by whoever is there.
        if (lasted) await becomes(service, next);
        await tag(service, 'killed');
      }
    },
    240_000,
  );

  test.skipIf(!longRuns)(
    'a new release’s folder does not undo what was activated',
    async () => {
      const taxonomy = path.join(folder, 'taxonomy');
      await cp(path.join(root, 'taxonomy'), taxonomy, { recursive: true });
      const head = path.join(taxonomy, 'taxonomy.yaml');
      await writeFile(head, (await readFile(head, 'utf8')).replace('1.0.0', '1.0.1'));
      await activate(service, '1.1.0');
      await becomes(service, '1.1.0');
      await service.stop();
      service = await startService({ ...settings(), TAXONOMY_DIR: taxonomy });
      expect(await activeOf(service)).toBe('1.1.0');
      expect(await activate(service, '1.0.1')).toMatchObject({ source: 'folder', state: 'active' });
    },
    120_000,
  );
});

describe.skipIf(!process.env.TEST_DATABASE_URL)(
  'two processes on one database (needs TEST_DATABASE_URL)',
  () => {
    test('both switch within seconds, wherever it was asked for', async () => {
      const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-two-'));
      const database = await ownDatabase();
      const both: Service[] = [];
      try {
        for (const name of ['a', 'b'])
          both.push(await startService({ DATA_DIR: path.join(folder, name), ...database.settings }));
        const [one, two] = both as [Service, Service];
        await push(one, changed);
        await activate(two, '1.1.0');
        await Promise.all(both.map((service) => becomes(service, '1.1.0')));
        const hashes = await Promise.all(
          both.map(async (service) => (await tag(service, 'x')).provenance.taxonomyHash),
        );
        expect(new Set(hashes).size).toBe(1);
        // The one that was asked dies at once: the other goes on with the wish, if there was one.
        const asked = activate(one, '1.0.0').catch(() => null);
        await one.stop('SIGKILL');
        const answered = await asked;
        if (answered) await becomes(two, '1.0.0');
        expect((await fetch(`${two.url}/readyz`)).status).toBe(200);
      } finally {
        for (const service of both) await service.stop('SIGKILL');
        await rm(folder, { recursive: true, force: true });
        await database.drop();
      }
    }, 120_000);
  },
);
