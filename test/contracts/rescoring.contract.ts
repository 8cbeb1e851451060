/** Deciding blocks of stored products, as every Rescorer does it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Rescorer, RescoringInput, RescoringOutcome } from '../../src/application/ports-rescoring.ts';
import { barredIn } from '../../src/domain/tagging/bars.ts';
import { decideProduct, type Meaning } from '../../src/domain/tagging/decide-product.ts';
import { merge } from '../../src/domain/tagging/merge.ts';
import { uncalibrated } from '../../src/domain/tagging/redecide.ts';
import { tagFacts } from '../../src/domain/tagging/tag-facts.ts';
import type { ImageEvidence, TagSet } from '../../src/domain/tagging/types.ts';
import { axis, bank, image, taxonomy } from '../domain/tagging/small-world.ts';

export const meaning: Meaning = { taxonomy, bank, calibration: null };

export const provenance = {
  backend: 'onnx',
  model: bank.model,
  taxonomy: 'small@1.0.0',
  taxonomyHash: taxonomy.contentHash,
  calibration: null,
  taggedAt: '2026-11-28T09:00:00.000Z',
};
const before = { ...provenance, taggedAt: '2026-11-01T09:00:00.000Z' };

const reports = (images: readonly ImageEvidence[]) =>
  images.map(({ index, view, variant }) => ({
    index,
    status: 'ok' as const,
    sha256: `picture-${index}`,
    view,
    variant,
    ref: null,
  }));

/** What a run of the service with these pictures gives. */
function live(productId: string, images: readonly ImageEvidence[], current: TagSet | null = null): TagSet {
  const question = { images, category: null, attributes: null, explain: false, barred: barredIn(current) };
  return merge(current, {
    productId,
    title: 'A title',
    answer: decideProduct(meaning, question),
    attributes: null,
    images: reports(images),
    provenance: before,
    warnings: [uncalibrated],
  });
}

export function stored(tagSet: TagSet, images: readonly ImageEvidence[]): RescoringInput {
  return {
    productId: tagSet.productId,
    version: `v${tagSet.revision}`,
    tagSet: JSON.stringify(tagSet),
    pictures: images.map(({ index, vector, colors }) => ({
      sha256: `picture-${index}`,
      vector,
      colors: JSON.stringify(colors),
    })),
    catalog: null,
  };
}

const tee = [image(0, { [axis.tee]: 1, [axis.short]: 1, [axis.solid]: 1 })];
const shirt = [image(0, { [axis.shirt]: 1, [axis.long]: 1 }), image(1, { [axis.shirt]: 1 })];
export const standing = (productId: string, images = tee): TagSet => ({
  ...live(productId, images),
  revision: 3,
});

export function rescoringContract(name: string, open: () => Rescorer): void {
  describe(`rescorer: ${name}`, () => {
    let rescorer: Rescorer;
    const ask = (...block: RescoringInput[]) => rescorer.rescore(block, provenance);
    const decided = (outcome: RescoringOutcome | undefined) => {
      if (outcome?.kind !== 'decided') throw new Error(`not decided: ${JSON.stringify(outcome)}`);
      return { ...outcome, tagSet: JSON.parse(outcome.tagSet) as TagSet };
    };

    beforeAll(() => {
      rescorer = open();
    });
    afterAll(() => rescorer.close());

    test('what the service would decide now is the same: nothing is to be written', async () => {
      expect(await ask(stored(standing('a'), tee), stored(standing('b', shirt), shirt))).toEqual([
        { kind: 'same', productId: 'a' },
        { kind: 'same', productId: 'b' },
      ]);
      expect(await ask()).toEqual([]);
    });

    test('other tags are a revision, in the order of the block, and what the service gives', async () => {
      const [first, second] = await ask(stored(standing('a', tee), shirt), stored(standing('b'), tee));
      expect(second).toEqual({ kind: 'same', productId: 'b' });
      const { tagSet, facts, from, revise, revision } = decided(first);
      // It has the pictures that it had: one.
      const expected = live('a', shirt.slice(0, 1), standing('a'));
      expect({ from, revise, revision }).toEqual({ from: 'v3', revise: true, revision: 4 });
      expect(tagSet).toEqual({
        ...expected,
        revision: 4,
        provenance: { ...expected.provenance, taggedAt: provenance.taggedAt },
      });
      expect(facts).toEqual(tagFacts(tagSet));
      expect(facts.category).toBe('shirt');
    });

    test('other confidences, thresholds or provenance are no revision', async () => {
      const old = { ...standing('a'), provenance: { ...standing('a').provenance, taxonomy: 'small@0.9.0' } };
      const { tagSet, revise } = decided((await ask(stored(old, tee)))[0]);
      expect(revise).toBe(false);
      expect(tagSet).toEqual({
        ...old,
        provenance: { ...standing('a').provenance, taggedAt: provenance.taggedAt },
      });
    });

    test('people’s words and bars stand', async () => {
      const tagSet = standing('a');
      const sleeve = {
        ...tagSet.attributes.sleeve!,
        source: 'human' as const,
        reviewed: { by: 'ann', at: before.taggedAt },
      };
      const details = { ...tagSet.attributes.details!, rejected: ['bow'] };
      const said = { ...tagSet, attributes: { ...tagSet.attributes, sleeve, details } };
      const bows = [image(0, { [axis.tee]: 1, [axis.bow]: 1, [axis.long]: 1 })];
      const outcome = decided((await ask(stored(said, bows)))[0]);
      expect(outcome.tagSet.attributes.sleeve).toEqual(sleeve);
      expect(outcome.tagSet.attributes.details!.values.map(({ id }) => id)).not.toContain('bow');
      expect(outcome.tagSet.attributes.details!.rejected).toEqual(['bow']);
    });

    test('the shop’s words are said anew, and are later than the model', async () => {
      const moment = { at: '2026-11-20T00:00:00.000Z', sequence: 7 };
      const words = [
        { attribute: 'sleeve', variant: null, value: [{ label: 'long', verbatim: false }], moment },
      ];
      const input = { ...stored(standing('a'), tee), catalog: JSON.stringify({ words, changed: moment }) };
      const { tagSet, revise } = decided((await ask(input))[0]);
      expect(revise).toBe(true);
      expect(tagSet.attributes.sleeve).toMatchObject({ source: 'merchant', values: [{ id: 'long' }] });
      const again = { ...stored(tagSet, tee), catalog: input.catalog };
      expect(await ask(again)).toEqual([{ kind: 'same', productId: 'a' }]);
    });

    test('a picture without a vector: unknown. One that cannot be decided stops no other', async () => {
      const broken = { ...stored(standing('b'), tee), tagSet: '{' };
      const outcomes = await ask(
        { ...stored(standing('a'), tee), pictures: [] },
        broken,
        stored(standing('c'), tee),
      );
      expect(outcomes).toMatchObject([
        { kind: 'unknown', productId: 'a' },
        { kind: 'failed', productId: 'b', detail: expect.stringMatching(/JSON/) },
        { kind: 'same', productId: 'c' },
      ]);
    });

    test('a vector of another model fails its product alone', async () => {
      const wrong = [{ ...tee[0]!, vector: new Float32Array(5) }];
      const outcomes = await ask(stored(standing('a'), wrong), stored(standing('b'), tee));
      expect(outcomes.map(({ kind }) => kind)).toEqual(['failed', 'same']);
    });

    test('given up before it began: refused', async () => {
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(rescorer.rescore([stored(standing('a'), tee)], provenance, signal)).rejects.toMatchObject({
        code: 'request.cancelled',
      });
    });

    test('closed: refused', async () => {
      const other = open();
      await other.close();
      await other.close();
      await expect(other.rescore([stored(standing('a'), tee)], provenance)).rejects.toMatchObject({
        code: 'inference.unavailable',
      });
    });
  });
}
