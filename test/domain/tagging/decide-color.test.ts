import { describe, expect, test } from 'vitest';
import { hexToLab } from '../../../src/domain/color/lab.ts';
import { decideColor, paletteOf } from '../../../src/domain/tagging/decide-color.ts';
import { attributeThresholds } from '../../../src/domain/tagging/thresholds.ts';
import type { ColorShare } from '../../../src/domain/tagging/types.ts';
import { attribute, image, taxonomy, value } from './small-world.ts';

const color = taxonomy.attributeById.get('color')!;
const thresholds = attributeThresholds(null, color);
const share = (hex: string, part: number): ColorShare => ({ hex, lab: hexToLab(hex)!, share: part });
const seen = (...colors: ColorShare[]) => [
  { image: image(0, {}, { colors }), place: 0, view: null, presentation: null },
];
const decide = (votes: ReturnType<typeof seen>, model: Float64Array | null = null, under = thresholds) =>
  decideColor(color, paletteOf(color.values, taxonomy.colorFamilies), votes, model, under).decision;
const ids = (found: ReturnType<typeof decide>) => found.values.map((one) => one.id);

describe('colour', () => {
  test('one colour: its name, its measured hex, its share', () => {
    expect(decide(seen(share('#c41230', 1)))).toMatchObject({
      status: 'accepted',
      values: [{ id: 'red', hex: '#c41230', share: 1, evidence: 'pixel' }],
    });
  });

  test('two large colours are both named, the larger first; a small one is not', () => {
    expect(ids(decide(seen(share('#c8102e', 0.6), share('#ffffff', 0.4))))).toEqual(['red', 'white']);
    expect(ids(decide(seen(share('#c8102e', 0.9), share('#ffffff', 0.1))))).toEqual(['red']);
  });

  test('two pictures count the same, whatever their order', () => {
    const [a] = seen(share('#c8102e', 1));
    const [b] = seen(share('#111111', 1));
    expect(ids(decide([a!, b!])).sort()).toEqual(['black', 'red']);
    expect(decide([b!, a!]).values).toEqual(decide([a!, b!]).values);
  });

  test('the order of the pictures settles nothing, not even which measured colour stands for a name', () => {
    const pictures = ['#c8102e', '#c41230', '#cc1433'].flatMap((hex) =>
      seen(share(hex, 0.7), share('#ffffff', 0.3)),
    );
    const orders = [pictures, [...pictures].reverse(), [pictures[1]!, pictures[2]!, pictures[0]!]];
    const [first, ...others] = orders.map((votes) => JSON.stringify(decide(votes).values));
    for (const other of others) expect(other).toBe(first);
  });

  test('many colours and none in front are multicolor: it has no hex, and is known by the rule alone', () => {
    const many = [...color.values, value('green', { hex: '#2e8b57', family: 'green' }), value('multicolor')];
    const palette = attribute('color', many, { scoring: 'ranked-softmax', selection: 'multi', maxValues: 3 });
    const parts = ['#c8102e', '#1f5fbf', '#ffffff', '#111111', '#2e8b57'].map((hex) => share(hex, 0.2));
    const { decision } = decideColor(
      palette,
      paletteOf(many, taxonomy.colorFamilies),
      seen(...parts),
      null,
      thresholds,
    );
    expect(decision).toMatchObject({ status: 'accepted', values: [{ id: 'multicolor' }] });
    expect(decision.values[0]).not.toHaveProperty('hex');
  });

  test('nothing measured and no model: not visible', () => {
    expect(decide(seen())).toMatchObject({ status: 'abstained', reason: 'not-visible' });
  });

  test('between two shades of one family the family’s own name is given', () => {
    const shades = [
      value('blue', { hex: '#2a4fa0', family: 'blue' }),
      value('navy', { hex: '#27479a', family: 'blue' }),
      value('red', { hex: '#c8102e', family: 'red' }),
    ];
    const pair = attribute('color', shades, { scoring: 'ranked-softmax', selection: 'multi', maxValues: 3 });
    const strict = { ...thresholds, accept: 0.8 };
    const { decision } = decideColor(
      pair,
      paletteOf(shades, taxonomy.colorFamilies),
      seen(share('#284b9d', 1)),
      null,
      strict,
    );
    expect(decision).toMatchObject({ status: 'accepted', values: [{ id: 'blue' }] });
  });

  test('a model that has an opinion is heard, and cannot overrule plain pixels', () => {
    const said = (id: string) => Float64Array.from(color.values, (one) => (one.id === id ? 0.96 : 0.01));
    expect(decide(seen(share('#c8102e', 1)), said('red')).values[0]).toMatchObject({
      id: 'red',
      evidence: 'both',
    });
    expect(ids(decide(seen(share('#111111', 1)), said('white')))).not.toContain('white');
    // Half-way between navy and blue the model settles it.
    const between = seen(share('#1a3a80', 1));
    expect(ids(decide(between, said('navy')))[0]).toBe('navy');
    expect(ids(decide(between, said('blue')))[0]).toBe('blue');
  });
});
