/** Reading and writing products by the hundred, as every database does it. Run by one test file for each, on an empty store. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SqlStore } from '../../src/adapters/store/sql-store.ts';
import type { RescoredWrite, RescoringInput, RescoringScope } from '../../src/application/ports-rescoring.ts';
import { tagFacts } from '../../src/domain/tagging/tag-facts.ts';
import type { TagSet } from '../../src/domain/tagging/types.ts';
import { anyProduct } from './any-product.ts';
import { decided, imageOf, sha256, tagSetOf, vectorOf, writeOf } from './sample-tags.ts';

const cause = { cause: 'retag', causeId: '0197b0f0-0000-7000-8000-000000000001' };

export function rescoringStoreContract(name: string, open: () => Promise<SqlStore>): void {
  describe(`rescoring store: ${name}`, () => {
    let store: SqlStore;
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const read = (more: { scope?: RescoringScope; after?: string; limit?: number; model?: string } = {}) =>
      store.rescoring.readForRescoring({
        scope: { all: true },
        model: 'm@1',
        after: '',
        limit: 100,
        ...more,
      });
    const idsOf = async (scope: RescoringScope) => (await read({ scope })).map(({ productId }) => productId);
    const tagSetIn = ({ tagSet }: Pick<RescoringInput, 'tagSet'>) => JSON.parse(tagSet) as TagSet;

    /** As a run would write it: with these changes. */
    function rewritten(input: RescoringInput, changes: Partial<TagSet>, revise = true): RescoredWrite {
      const before = tagSetIn(input);
      const revision = before.revision + (revise ? 1 : 0);
      const tagSet = { ...before, ...changes, revision };
      const { productId, version } = input;
      const facts = tagFacts(tagSet);
      return { productId, from: version, revise, revision, tagSet: JSON.stringify(tagSet), facts };
    }

    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store?.close());
    beforeEach(async () => {
      for (const id of [...ids, 'z']) await store.deleteProduct(id);
      // Revisions count on after a deletion; here each test begins at 1.
      await store.execute('delete from tombstones');
      for (const id of ids) await store.saveTags(writeOf(id));
    });

    test('pages by id, each product once, with everything that deciding needs', async () => {
      const first = await read({ limit: 2 });
      const second = await read({ limit: 2, after: first.at(-1)!.productId });
      const third = await read({ limit: 2, after: second.at(-1)!.productId });
      expect([...first, ...second, ...third].map(({ productId }) => productId)).toEqual(ids);
      expect(await read({ limit: 2, after: 'e' })).toEqual([]);
      expect(tagSetIn(first[0]!)).toEqual(await store.findTags('a'));
      expect(first[0]!.catalog).toBeNull();
      const [picture, ...others] = first[0]!.pictures;
      expect(others).toEqual([]);
      expect(picture).toMatchObject({ sha256: sha256('a'), vector: vectorOf('a') });
      expect(JSON.parse(picture!.colors)).toEqual(imageOf('a').colors);
    });

    test('vectors of another model are not given; several pictures are, and what the shop said', async () => {
      expect((await read({ model: 'm@2' })).map(({ pictures }) => pictures)).toEqual([[], [], [], [], []]);
      const pictures = ['one', 'two', 'three'];
      const images = pictures.map((text, index) => ({
        ...tagSetOf('z').images[0]!,
        index,
        sha256: sha256(text),
      }));
      await store.saveTags(
        writeOf(
          'z',
          { images },
          {
            images: pictures.map(imageOf),
            vectors: new Map(pictures.map((text) => [sha256(text), vectorOf(text)])),
          },
        ),
      );
      const state = {
        words: [],
        title: { value: 'Zip', moment: { at: '2026-11-20T00:00:00.000Z', sequence: 3 } },
      };
      await store.execute(
        `insert into catalog_products (product_id, source, state, sequence) values ('z', 'catalog', $1, 3)`,
        [JSON.stringify(state)],
      );
      const [input] = await read({ after: 'e' });
      expect(input!.pictures.map((one) => one.sha256).sort()).toEqual(pictures.map(sha256).sort());
      expect(JSON.parse(input!.catalog!)).toEqual(state);
      await store.execute(`delete from catalog_products where product_id = 'z'`);
    });

    test('every scope gives what it names', async () => {
      const provenance = { ...tagSetOf('x').provenance };
      const dress = {
        ...tagSetOf('x').category,
        values: [{ id: 'dress', name: 'Dress', path: ['dress'], confidence: 1 }],
      };
      // No text of a TagSet may break a question about another part of it.
      await store.saveTags(writeOf('b', { title: 'A \u0000 zero, a \\u0000 none', category: dress }));
      await store.saveTags(writeOf('c', { attributes: { color: decided('red') } }));
      await store.saveTags(
        writeOf('d', { provenance: { ...provenance, taggedAt: '2026-10-01T00:00:00.000Z' } }),
      );
      const other = { ...provenance, model: 'a "model"@2', taxonomyHash: 'f'.repeat(64) };
      await store.saveTags(writeOf('e', { provenance: other }));
      expect(await idsOf({ all: true })).toEqual(ids);
      expect(await idsOf({ ids: ['e', 'a', 'unknown'] })).toEqual(['a', 'e']);
      expect(await idsOf({ categories: ['dress', 'skirt'] })).toEqual(['b']);
      expect(await idsOf({ tag: 'color/red' })).toEqual(['c']);
      expect(await idsOf({ taggedBefore: '2026-11-01T00:00:00Z' })).toEqual(['d']);
      expect(await idsOf({ notModel: 'm@1' })).toEqual(['e']);
      expect(await idsOf({ notModel: 'a "model"@2' })).toEqual(['a', 'b', 'c', 'd']);
      expect(await idsOf({ notTaxonomy: provenance.taxonomyHash })).toEqual(['e']);
    });

    test('a revision is written as any other is: TagSet, history, and what products are listed by', async () => {
      const inputs = await read();
      const red = {
        attributes: { color: decided('red'), fit: decided('slim') },
        title: 'A "\\ \u0000 title',
      };
      const writes = inputs.slice(0, 3).map((input) => rewritten(input, red));
      expect(await store.rescoring.writeRescored(writes, cause)).toEqual({ moved: [] });
      const stands = await store.findTags('b');
      expect(stands).toEqual(JSON.parse(writes[1]!.tagSet));
      expect(stands!.revision).toBe(2);
      const [entry, before] = await store.history('b', 10);
      expect(entry).toMatchObject({ revision: 2, cause: 'retag', tagSet: stands });
      expect(before).toMatchObject({ revision: 1, cause: 'request' });
      const listed = await store.list({ ...anyProduct, tags: [['color/red'], ['fit/slim']] });
      expect(listed.items.map(({ productId }) => productId).sort()).toEqual(['a', 'b', 'c']);
      // And the next write of the product counts on.
      expect(await store.saveTags(writeOf('b'))).toMatchObject({ revision: 3 });
    });

    test('in place: the same revision, and its history follows', async () => {
      const [input] = await read();
      const unsure = { ...decided('navy', 0.4), status: 'suggested' as const };
      await store.rescoring.writeRescored(
        [rewritten(input!, { attributes: { color: unsure } }, false)],
        cause,
      );
      const history = await store.history('a', 10);
      expect(history).toMatchObject([
        { revision: 1, cause: 'request', tagSet: { attributes: { color: unsure } } },
      ]);
      const pending = await store.list({ ...anyProduct, review: 'pending', sort: 'uncertainty' });
      expect(pending.items.map(({ productId }) => productId)).toEqual(['a']);
    });

    test('what changed in between is left as it is, in place too, and told; the others are written', async () => {
      const inputs = await read();
      const writes = inputs.map((input) => rewritten(input, { attributes: { color: decided('red') } }));
      await store.saveTags(writeOf('b'));
      await store.saveTags(
        writeOf(
          'c',
          {},
          { decide: (current) => ({ tagSet: { ...current!, title: 'Other' }, revise: false }) },
        ),
      );
      await store.deleteProduct('d');
      const { moved } = await store.rescoring.writeRescored(writes, cause);
      expect(moved).toEqual(['b', 'c', 'd']);
      expect((await store.findTags('a'))!.attributes).toHaveProperty('color.values.0.id', 'red');
      expect((await store.findTags('b'))!.attributes).toHaveProperty('color.values.0.id', 'navy');
      expect((await store.findTags('c'))!).toMatchObject({ title: 'Other', revision: 1 });
      expect(await store.findTags('d')).toBeNull();
      // The same block once more, as after a crash: nothing is written twice.
      expect((await store.rescoring.writeRescored(writes, cause)).moved).toEqual(ids);
      expect((await store.history('a', 10)).map(({ revision }) => revision)).toEqual([2, 1]);
    });

    test('what goes with the writes lasts with them, or neither does', async () => {
      const [input] = await read();
      const write = rewritten(input!, { title: 'Undone' });
      const failing = store.rescoring.writeRescored([write], cause, async (execute) => {
        await execute(`insert into text_vectors (model, hash, vector) values ('cursor', 'a', '')`);
        throw new Error('the cursor cannot be saved');
      });
      await expect(failing).rejects.toThrow('the cursor cannot be saved');
      expect(await store.findTags('a')).toMatchObject({ title: 'A plain shirt', revision: 1 });
      expect(await store.textVectors.find('cursor', ['a'])).toEqual(new Map());
      await store.rescoring.writeRescored([write], cause, async (execute) => {
        await execute(`insert into text_vectors (model, hash, vector) values ('cursor', 'a', '')`);
      });
      expect(await store.findTags('a')).toMatchObject({ title: 'Undone', revision: 2 });
      expect((await store.textVectors.find('cursor', ['a'])).size).toBe(1);
      expect(await store.rescoring.writeRescored([], cause)).toEqual({ moved: [] });
      await store.execute(`delete from text_vectors where model = 'cursor'`);
    });

    test('withdrawn products are out of sight', async () => {
      const inputs = await read();
      await store.execute(`update products set withdrawn_at = now() where product_id = 'b'`);
      expect((await read()).map(({ productId }) => productId)).toEqual(['a', 'c', 'd', 'e']);
      const writes = inputs.map((input) => rewritten(input, { title: 'New' }));
      expect((await store.rescoring.writeRescored(writes, cause)).moved).toEqual(['b']);
    });

    test('blocks that overlap, and uploads between them, wait for one another and lose nothing', async () => {
      const inputs = await read();
      const block = (title: string, order: readonly RescoringInput[]) =>
        store.rescoring.writeRescored(
          order.map((input) => rewritten(input, { title })),
          cause,
        );
      const reversed = [...inputs].reverse();
      const results = await Promise.all([
        block('one', inputs),
        block('two', reversed),
        ...ids.map((id) => store.saveTags(writeOf(id))),
        block('three', inputs.slice(2)),
      ]);
      for (const id of ids) {
        const written = results.filter((result) => 'moved' in result && !result.moved.includes(id)).length;
        const revisions = (await store.history(id, 20)).map(({ revision }) => revision);
        // A block writes a product only as long as nothing else did; the third does not have the first two.
        const given = ['a', 'b'].includes(id) ? written - 1 : written;
        expect(given).toBeLessThanOrEqual(1);
        expect(revisions).toEqual(Array.from({ length: 2 + given }, (_, index) => 2 + given - index));
      }
    });
  });
}
