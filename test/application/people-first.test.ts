/** Whatever happens to a product, and in whatever order: people's and merchants' words change by their words alone. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HangtagError } from '../../src/domain/errors.ts';
import type { ReviewWords } from '../../src/domain/review/types.ts';
import type { Decision, TagSet } from '../../src/domain/tagging/types.ts';
import { attributes, axis, taxonomy } from '../domain/tagging/small-world.ts';
import { createShop, type Shop } from './shop.ts';

const ofProducts = attributes.filter(({ scope }) => scope !== 'image');
const keys = ['a', 'b'];
const categories = taxonomy.categories.map(({ id }) => id);

const shown = fc
  .uniqueArray(fc.constantFrom(...Object.keys(axis)), { minLength: 1, maxLength: 4 })
  .map((things) => things.join(' '));
const picture = fc
  .tuple(fc.option(fc.constantFrom(...keys)), shown)
  .map(([variant, things]) => (variant === null ? things : `${variant}:${things}`));
const pictures = fc.array(picture, { minLength: 1, maxLength: 3 });
/** Those that vary come up more often: they have more places to be in. */
const attribute = fc.constantFrom(...ofProducts, ...ofProducts.slice(0, 2), ...ofProducts.slice(0, 2));
const pair = attribute.chain((one) =>
  fc.constantFrom(...one.values).map((value) => ({ id: one.id, value: value.id })),
);
const variant = fc.option(fc.constantFrom(...keys));

type Step =
  | {
      readonly tag: readonly string[];
      readonly attributes: readonly string[] | null;
      category: string | null;
    }
  | { readonly review: Partial<ReviewWords> };

const fullRun: fc.Arbitrary<Step> = pictures.map((tag) => ({ tag, attributes: null, category: null }));
const some = fc.uniqueArray(
  attribute.map(({ id }) => id),
  { minLength: 1, maxLength: 3 },
);
const anyRun: fc.Arbitrary<Step> = fc.record({
  tag: pictures,
  attributes: fc.option(some, { freq: 1, nil: null }),
  category: fc.option(fc.constantFrom(...categories), { freq: 1, nil: null }),
});
const review: fc.Arbitrary<Step> = fc
  .tuple(
    fc.oneof<fc.Arbitrary<Partial<ReviewWords>>[]>(
      pair.map(({ id, value }) => ({ set: { [id]: [value] } })),
      pair.map(({ id, value }) => ({ accept: [`${id}/${value}`] })),
      pair.map(({ id, value }) => ({ reject: [`${id}/${value}`] })),
      attribute.map(({ id }) => ({ accept: [id] })),
      attribute.map(({ id }) => ({ clear: [id] })),
      attribute.map(({ id }) => ({ reset: [id] })),
      fc.tuple(pair, pair).map(([one, two]) => ({
        set: { [one.id]: [one.value] },
        reject: [`${two.id}/${two.value}`],
      })),
      fc.constantFrom(...categories).map((category) => ({ category })),
      fc.constant({ reset: ['category'] }),
      fc.constant({ accept: ['category'] }),
    ),
    variant,
  )
  .map(([words, key]) => ({ review: { ...words, variant: key } }));

type Place = readonly [variant: string | null, attribute: string];
const decisions = ({ attributes: shared, variants }: TagSet): [string, Decision][] => [
  ...Object.entries(shared).map(
    ([id, decision]) => [JSON.stringify([null, id]), decision] as [string, Decision],
  ),
  ...variants.flatMap(({ key, attributes: own }) =>
    Object.entries(own).map(([id, decision]) => [JSON.stringify([key, id]), decision] as [string, Decision]),
  ),
];
const isSaid = ({ source, status }: Decision) => source !== 'model' && status !== 'abstained';
const ids = (list: readonly { readonly id: string | null }[]) => list.map(({ id }) => id);

/** What people have said and barred so far, by what they asked for, and never by looking at anything but their words. */
class Memory {
  readonly said = new Map<string, Decision>();
  readonly barred = new Map<string, Set<string>>();
  category: TagSet['category'] | null = null;

  listen(words: Partial<ReviewWords>, after: TagSet): void {
    const now = new Map(decisions(after));
    const at = (id: string) => {
      const own = JSON.stringify([words.variant ?? null, id]);
      return [own, now.get(own)] as const;
    };
    for (const id of words.reset ?? []) {
      if (id === 'category') this.category = null;
      this.said.delete(at(id)[0]);
      this.barred.delete(at(id)[0]);
    }
    const named = (list: readonly string[] = []) => list.map((entry) => entry.split('/')[0]!);
    for (const id of [...Object.keys(words.set ?? {}), ...(words.clear ?? []), ...named(words.accept)]) {
      if (id === 'category') continue;
      const [place, decision] = at(id);
      expect(decision).toMatchObject({ source: 'human', status: words.clear ? 'cleared' : 'accepted' });
      if (words.set) expect(ids(decision!.values)).toEqual(words.set[id]);
      this.said.set(place, decision!);
    }
    if (words.category || words.accept?.includes('category')) {
      this.category = after.category;
      expect(after.category).toMatchObject({ source: 'human', status: 'accepted' });
      if (words.category) expect(after.category.values[0]?.id).toBe(words.category);
    }
    for (const entry of words.reject ?? []) {
      const [id = '', value = ''] = entry.split('/');
      const [place, decision] = at(id);
      this.barred.set(place, new Set([...(this.barred.get(place) ?? []), value]));
      const before = this.said.get(place);
      if (!before) continue;
      const left = ids(before.values).filter((one) => one !== value);
      if (before.status === 'accepted' && left.length === 0) this.said.delete(place);
      else {
        expect(decision).toMatchObject({ source: 'human', status: before.status });
        expect(ids(decision!.values)).toEqual(left);
        this.said.set(place, decision!);
      }
    }
  }

  check(tagSet: TagSet): void {
    const now = new Map(decisions(tagSet));
    for (const [place, decision] of this.said) expect(now.get(place)).toEqual(decision);
    if (this.category) expect(tagSet.category).toEqual(this.category);
    for (const [place, decision] of now) {
      const [key, id] = JSON.parse(place) as Place;
      if (isSaid(decision)) expect(this.said.has(place)).toBe(true);
      const own = this.barred.get(place) ?? new Set();
      expect([...decision.rejected].sort()).toEqual([...own].sort());
      const whole = this.barred.get(JSON.stringify([null, id])) ?? new Set();
      const barred = isSaid(decision) || key === null ? own : new Set([...own, ...whole]);
      for (const value of ids([...decision.values, ...decision.candidates]))
        expect(barred).not.toContain(value);
    }
    for (const place of this.barred.keys()) expect([...now.keys()]).toContain(place);
  }
}

/** Refused reviews are part of life; they change nothing. */
async function live(shop: Shop, steps: readonly Step[], memory: Memory): Promise<void> {
  for (const step of steps) {
    const before = await shop.store.findTags('sku');
    if ('tag' in step) {
      const { category } = step;
      const tagSet = await shop.tag('sku', step.tag, { attributes: step.attributes, category });
      if (category !== null) {
        expect(tagSet.category).toMatchObject({ source: 'merchant', values: [{ id: category }] });
        memory.category = tagSet.category;
      }
    } else {
      const refusal = await shop.review('sku', step.review).then(
        (after) => memory.listen(step.review, after),
        (error: unknown) => error,
      );
      if (refusal) {
        expect(refusal).toBeInstanceOf(HangtagError);
        expect(refusal).toMatchObject({ code: 'request.malformed' });
        expect(await shop.store.findTags('sku')).toEqual(before);
      }
    }
    memory.check((await shop.store.findTags('sku'))!);
  }
}

test('runs, partial runs, reviews, other categories, other variants: in any order', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyRun,
      fc.array(fc.oneof({ arbitrary: review, weight: 2 }, { arbitrary: anyRun, weight: 1 }), {
        maxLength: 14,
      }),
      (first, steps) => live(createShop(), [first, ...steps], new Memory()),
    ),
    { numRuns: 400 },
  );
});

test('everything reset is what the model alone says of the last pictures', async () => {
  await fc.assert(
    fc.asyncProperty(
      fullRun,
      fc.array(fc.oneof(review, fullRun), { maxLength: 10 }),
      async (first, steps) => {
        const shop = createShop();
        const memory = new Memory();
        await live(shop, [first, ...steps], memory);
        for (const place of new Set([...memory.said.keys(), ...memory.barred.keys()])) {
          const [key, id] = JSON.parse(place) as Place;
          await shop.review('sku', { reset: [id], variant: key });
        }
        const standing = await shop.review('sku', { reset: ['category'] });
        const last = [first, ...steps].findLast((step) => 'tag' in step) as Extract<Step, { tag: unknown }>;
        const alone = await createShop().tag('sku', last.tag);
        expect(standing.provenance.notSupported).toEqual(alone.provenance.notSupported);
        const bare = ({ category, attributes: shared, variants }: TagSet) => ({ category, shared, variants });
        expect(bare(standing)).toEqual(bare(alone));
      },
    ),
    { numRuns: 200 },
  );
});
