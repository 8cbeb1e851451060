import { describe, expect, test } from 'vitest';
import { createFileTaxonomySource } from '../../../src/adapters/taxonomy/files.ts';
import type { CatalogUpsert } from '../../../src/domain/events/catalog-event.ts';
import { type CatalogState, nothingStated, withEvent } from '../../../src/domain/events/catalog-state.ts';
import { withoutEchoes } from '../../../src/domain/events/echo.ts';
import {
  saidCategory,
  withMerchantWords,
  withoutMerchantWords,
} from '../../../src/domain/events/merchant-words.ts';
import { valueMeant } from '../../../src/domain/events/words.ts';
import type { Decision } from '../../../src/domain/tagging/types.ts';
import { decided, tagSetOf } from '../../contracts/sample-tags.ts';
import { upsert } from './sample-events.ts';

const taxonomy = await createFileTaxonomySource({
  directory: 'taxonomy',
  calibrationDirectory: 'calibration',
}).load();
const noon = '2026-11-24T12:00:00.000Z';
const before = '2026-11-24T11:00:00.000Z';
const later = '2026-11-24T13:00:00.000Z';
const word = (label: string, verbatim = false) => ({ label, verbatim });
const stated = (fields: Partial<CatalogUpsert>): CatalogState =>
  withEvent(nothingStated, upsert(fields), { at: noon, sequence: 1 });
const human = (id: string, at: string): Decision => ({
  ...decided(id),
  source: 'human',
  values: [{ id, name: id, confidence: null }],
  reviewed: { by: 'ann', at },
});
const speak = (fields: Partial<CatalogUpsert>, tagSet = tagSetOf('p')) =>
  withMerchantWords(taxonomy, tagSet, stated(fields));

describe('a merchant’s word', () => {
  test('is known by id, name or synonym; a label of its own wording keeps it', () => {
    const color = taxonomy.attributeById.get('color')!;
    expect(['navy', 'Navy', ' NAVY ', 'anthracite'].map((label) => valueMeant(color, label)?.id)).toEqual([
      'navy',
      'navy',
      'navy',
      'charcoal',
    ]);
    expect(valueMeant(color, 'toasted walnut')).toBeNull();
    const { said, warnings } = speak({
      attributes: { color: [word('anthracite', true)], pattern: [word('Solid')] },
    });
    expect(said.attributes.color).toMatchObject({
      source: 'merchant',
      status: 'accepted',
      values: [{ id: 'charcoal', name: 'anthracite', confidence: null }],
      reviewed: { by: null, at: noon },
    });
    expect(said.attributes.pattern?.values).toEqual([{ id: 'solid', name: 'Solid', confidence: null }]);
    expect(warnings).toEqual([]);
  });

  test('that nobody knows is kept as it was written, with a warning', () => {
    const { said, warnings } = speak({
      attributes: { color: [word('Toasted Walnut', true)], 'eau/de~x': [word('?')] },
    });
    expect(said.attributes.color?.values).toEqual([{ id: null, name: 'Toasted Walnut', confidence: null }]);
    expect(warnings.map(({ code, pointer }) => [code, pointer])).toEqual([
      ['attribute.value_unknown', '/attributes/color'],
      ['attribute.unknown', '/attributes/eau~1de~0x'],
    ]);
  });

  test('against a person’s: the later one stands', () => {
    const attributes = { color: [word('red')] };
    const with_ = (at: string) =>
      speak({ attributes }, tagSetOf('p', { attributes: { color: human('navy', at) } }));
    expect(with_(later).said.attributes.color?.values[0]?.id).toBe('navy');
    expect(with_(before).said.attributes.color?.values[0]?.id).toBe('red');
  });

  test('of nothing clears; one that was taken back is gone, and what a person barred stays barred', () => {
    const spoken = speak({ attributes: { color: [] } }).said;
    expect(spoken.attributes.color).toMatchObject({ status: 'cleared', source: 'merchant', values: [] });
    const barred = { ...spoken.attributes.color!, rejected: ['red'] };
    const without = withoutMerchantWords({ ...spoken, attributes: { ...spoken.attributes, color: barred } });
    expect(without.attributes.color).toMatchObject({
      source: 'human',
      status: 'abstained',
      rejected: ['red'],
    });
    expect(withoutMerchantWords(spoken).attributes).not.toHaveProperty('color');
    expect(withMerchantWords(taxonomy, without, stated({ attributes: { color: null } })).said).toEqual(
      without,
    );
  });

  test('of one variant stands there; what variants share cannot differ', () => {
    const { said, warnings } = speak({
      variants: [{ key: 'm', attributes: { color: [word('red')], neckline: [word('crew')] } }],
    });
    expect(said.variants).toMatchObject([
      { key: 'm', images: [], attributes: { color: { values: [{ id: 'red' }] } } },
    ]);
    expect(said.variants[0]?.attributes).not.toHaveProperty('neckline');
    expect(warnings.map(({ code }) => code)).toEqual(['attribute.shared']);
  });
});

describe('a merchant’s category', () => {
  const mine = { ...tagSetOf('p').category, source: 'human' as const };

  test('wins over a model; against a person’s the later one stands', () => {
    const dress = stated({ category: 'Dress' });
    expect(saidCategory(taxonomy, dress, tagSetOf('p').category).said).toMatchObject({
      source: 'merchant',
      values: [{ id: 'dress' }],
    });
    expect(saidCategory(taxonomy, dress, null).said?.values[0]?.id).toBe('dress');
    const of = (at: string) => saidCategory(taxonomy, dress, { ...mine, reviewed: { by: null, at } }).said;
    expect([of(later)?.values[0]?.id, of(before)?.values[0]?.id]).toEqual(['t-shirt', 'dress']);
  });

  test('that nobody knows is a warning; taken back, it is the model’s again', () => {
    const { said, warnings } = saidCategory(taxonomy, stated({ category: 'Wobble' }), null);
    expect([said, warnings[0]?.code]).toEqual([null, 'category.unknown']);
    const merchant = { ...mine, source: 'merchant' as const, reviewed: { by: null, at: before } };
    const none = upsert({ category: null });
    const back = withEvent(stated({ category: 'dress' }), none, { at: later, sequence: 2 });
    expect(saidCategory(taxonomy, back, merchant)).toEqual({ said: null, warnings: [] });
    // A shop that never said one takes none back: a request's stays.
    expect(saidCategory(taxonomy, stated({ category: null }), merchant).said).toEqual(merchant);
  });
});

describe('an echo', () => {
  const seen = tagSetOf('p');

  test('of what a model gave is nothing said', () => {
    const event = upsert({
      category: 'T-shirt',
      attributes: { color: [word('Navy')], pattern: [word('floral')], material: null },
      variants: [{ key: 'm', attributes: { color: [word('navy')] } }],
    });
    const heard = withoutEchoes(taxonomy, event, seen);
    expect(heard).not.toHaveProperty('category');
    expect(heard.attributes).toEqual({ pattern: [word('floral')], material: null });
    expect(heard.variants).toEqual([{ key: 'm', attributes: {} }]);
  });

  test('is none where a person or the merchant had said it, or where nothing stood', () => {
    const event = upsert({ category: 'dress', attributes: { color: [word('navy')] } });
    const people = { ...seen, attributes: { color: human('navy', before) } };
    expect(withoutEchoes(taxonomy, event, people)).toEqual(event);
    expect(withoutEchoes(taxonomy, event, null)).toEqual(event);
  });
});
