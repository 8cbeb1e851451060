/** What stands for a value that is no longer given: in filters, in reviews, and behind a person's bar. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { heirOf, replaced, sameToday } from '../../../src/domain/taxonomy/replaced.ts';
import type { Attribute, Taxonomy } from '../../../src/domain/taxonomy/types.ts';
import { createShop } from '../../application/shop.ts';
import { anyProduct } from '../../contracts/any-product.ts';
import { attribute, taxonomy as small, value } from '../tagging/small-world.ts';

/** The small world with one attribute's values otherwise. */
function having(changed: Attribute): Taxonomy {
  const attributes = small.attributes.map((one) => (one.id === changed.id ? changed : one));
  return { ...small, attributes, attributeById: new Map(attributes.map((one) => [one.id, one])) };
}
const gone = (id: string, heir: string | null) => value(id, { deprecated: true, replacedBy: heir });

describe('the heir', () => {
  const chain = attribute('sleeve', [
    value('short'),
    gone('cap', 'short'),
    gone('tiny', 'cap'),
    gone('ghost', null),
    gone('lost', 'nowhere'),
    gone('a', 'b'),
    gone('b', 'a'),
    value('long'),
  ]);
  test.each([
    ['short', 'short'],
    ['cap', 'short'],
    ['tiny', 'short'],
    ['ghost', null],
    ['lost', null],
    ['a', null],
    ['b', null],
    ['never', null],
  ])('of %s is %s', (id, heir) => {
    expect(replaced(having(chain), 'sleeve', id)).toBe(heir);
    expect(replaced(having(chain), 'nothing', id)).toBeNull();
  });

  test('what means the same today, whoever is asked', () => {
    expect(sameToday(chain, 'tiny')).toEqual(['tiny', 'short', 'cap']);
    expect([...sameToday(chain, 'short')].sort()).toEqual(['cap', 'short', 'tiny']);
    for (const id of ['long', 'ghost', 'lost', 'a', 'never']) expect(sameToday(chain, id)).toEqual([id]);
  });

  test('any chain ends, at a live value or nowhere, and meaning the same goes both ways', () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const anyValue = fc.record({
      deprecated: fc.boolean(),
      replacedBy: fc.constantFrom(...ids, 'nowhere', null),
    });
    fc.assert(
      fc.property(fc.tuple(anyValue, anyValue, anyValue, anyValue, anyValue), (all) => {
        const any = attribute(
          'x',
          all.map((more, index) => value(ids[index]!, more)),
        );
        for (const id of ids) {
          const heir = heirOf(any, id);
          expect(heir?.deprecated ?? false).toBe(false);
          for (const other of sameToday(any, id)) expect(sameToday(any, other)).toContain(id);
        }
      }),
    );
  });
});

describe('after a value was retired', () => {
  const before = createShop();
  const after = createShop({
    store: before.store,
    taxonomy: having(attribute('pattern', [value('solid'), gone('striped', 'solid')], { scope: 'variant' })),
  });
  const { categories: _, ...conditions } = anyProduct;
  const listed = async (tag: string) =>
    (await after.list({ ...conditions, category: null, tags: [[tag]] })).items.map(
      ({ productId }) => productId,
    );

  test('a filter by either finds what was tagged with both', async () => {
    await before.tag('old', ['tee striped']);
    await after.tag('new', ['tee solid']);
    for (const tag of ['pattern/striped', 'pattern/solid'])
      expect((await listed(tag)).sort()).toEqual(['new', 'old']);
  });

  test('a review that names it means its heir, and is told so', async () => {
    const answer = await after.review('old', { set: { pattern: ['striped'] } });
    expect(answer.attributes.pattern).toMatchObject({
      source: 'human',
      values: [{ id: 'solid', name: 'SOLID' }],
    });
    expect(answer.warnings).toContainEqual({
      code: 'value.replaced',
      detail: 'pattern/striped is not given any more; it was taken as pattern/solid.',
      pointer: '/set/pattern/0',
    });
    await before.tag('candidate', ['tee striped']);
    const accepted = await after.review('candidate', { accept: ['pattern/striped'] });
    expect(accepted.attributes.pattern).toMatchObject({ source: 'human', values: [{ id: 'solid' }] });
  });

  test('it can still be rejected, and the bar holds for what took its place', async () => {
    await before.tag('barred', ['tee striped']);
    await before.review('barred', { reject: ['pattern/striped'] });
    const answer = await after.tag('barred', ['tee solid']);
    expect(answer.attributes.pattern).toMatchObject({ status: 'abstained', rejected: ['striped'] });
  });

  test('one without an heir is refused', async () => {
    const alone = createShop({
      store: before.store,
      taxonomy: having(attribute('pattern', [value('solid'), gone('striped', null)], { scope: 'variant' })),
    });
    await expect(alone.review('old', { set: { pattern: ['striped'] } })).rejects.toMatchObject({
      code: 'request.malformed',
      message: '/set/pattern/0: "striped" is not a value of pattern any more.',
    });
  });
});
