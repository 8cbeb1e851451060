/** A taxonomy of a handful of nodes and a bank of orthogonal vectors: small enough to know every answer by heart. */
import type { BankGroup, VectorBank, VectorRows } from '../../../src/domain/tagging/bank.ts';
import type { ImageEvidence } from '../../../src/domain/tagging/types.ts';
import type {
  Attribute,
  AttributeValue,
  Category,
  Profile,
  Taxonomy,
} from '../../../src/domain/taxonomy/types.ts';

export const dim = 32;

/** A vector with the given weights at the given axes, normalised. */
export function vector(axes: Readonly<Record<number, number>>): Float32Array {
  const out = new Float32Array(dim);
  for (const [axis, weight] of Object.entries(axes)) out[Number(axis)] = weight;
  const norm = Math.hypot(...out) || 1;
  return out.map((x) => x / norm);
}

export function rows(entries: readonly (readonly [string, Float32Array])[]): VectorRows {
  const data = new Float32Array(entries.length * dim);
  for (const [index, [, row]] of entries.entries()) data.set(row, index * dim);
  return { ids: entries.map(([id]) => id), data };
}

export function value(id: string, more: Partial<AttributeValue> = {}): AttributeValue {
  return {
    id,
    name: id.toUpperCase(),
    prompts: [`a ${id}`],
    synonyms: [],
    hex: null,
    family: null,
    profiles: null,
    categories: null,
    deprecated: false,
    replacedBy: null,
    shopify: [],
    google: null,
    ...more,
  };
}

export function attribute(
  id: string,
  values: readonly AttributeValue[],
  more: Partial<Attribute> = {},
): Attribute {
  return {
    id,
    name: id,
    description: '',
    scope: 'product',
    selection: 'single',
    maxValues: 1,
    scoring: 'softmax',
    reliability: 'high',
    policy: 'decide',
    views: null,
    presentations: null,
    requires: [],
    nullPrompts: [],
    neutralPrompts: [],
    values,
    valueById: new Map(values.map((entry) => [entry.id, entry])),
    shopify: [],
    google: null,
    schemaOrg: null,
    ...more,
  };
}

function category(
  id: string,
  parent: string | null,
  path: string[],
  children: string[],
  profile: string | null,
): Category {
  return {
    id,
    name: id,
    parent,
    leaf: children.length === 0,
    path,
    children,
    profile,
    noun: id,
    plural: false,
    prompts: [],
    synonyms: [],
    shopify: null,
    google: null,
  };
}

const colors = [
  value('red', { hex: '#c8102e', family: 'red' }),
  value('navy', { hex: '#14213d', family: 'blue' }),
  value('blue', { hex: '#1f5fbf', family: 'blue' }),
  value('white', { hex: '#ffffff', family: 'white' }),
  value('black', { hex: '#111111', family: 'black' }),
];

export const attributes: readonly Attribute[] = [
  attribute('color', colors, {
    scoring: 'ranked-softmax',
    selection: 'multi',
    maxValues: 3,
    scope: 'variant',
    reliability: 'medium',
  }),
  attribute('pattern', [value('solid'), value('striped')], { scope: 'variant' }),
  attribute('sleeve', [value('none'), value('short'), value('long')], { views: ['front', 'back'] }),
  attribute('sleeve-style', [value('puff'), value('bell')], {
    requires: [{ attribute: 'sleeve', anyOf: ['short', 'long'] }],
  }),
  attribute('details', [value('bow'), value('fringe'), value('studs')], {
    scoring: 'binary-contrast',
    selection: 'multi',
    maxValues: 2,
  }),
  attribute('gender', [value('women'), value('men')], { policy: 'suggest-only' }),
  attribute('fabric-weight', [value('light'), value('heavy')]),
  attribute('image-view', [value('front'), value('back'), value('info-graphic')], { scope: 'image' }),
];

const profile = (id: string, chain: string[], own: string[]): Profile => ({
  id,
  noun: id,
  plural: false,
  chain,
  attributes: own,
});
const shared = ['color', 'pattern', 'gender', 'fabric-weight'];
const profiles = [
  profile('universal', ['universal'], shared),
  profile('top', ['top', 'universal'], [...shared, 'sleeve', 'sleeve-style', 'details']),
  profile('shoe', ['shoe', 'universal'], [...shared, 'details']),
];
const categories = [
  category('clothing', null, ['clothing'], ['tops', 'hats'], null),
  category('tops', 'clothing', ['clothing', 'tops'], ['tee', 'shirt'], null),
  category('tee', 'tops', ['clothing', 'tops', 'tee'], [], 'top'),
  category('shirt', 'tops', ['clothing', 'tops', 'shirt'], [], 'top'),
  category('hats', 'clothing', ['clothing', 'hats'], [], 'universal'),
  category('shoes', null, ['shoes'], [], 'shoe'),
];

export const taxonomy: Taxonomy = {
  id: 'small',
  version: '1.0.0',
  contentHash: '0'.repeat(64),
  templates: [],
  siglipTemplates: [],
  rejectPrompts: [],
  categories,
  categoryById: new Map(categories.map((entry) => [entry.id, entry])),
  profiles: new Map(profiles.map((entry) => [entry.id, entry])),
  attributes,
  attributeById: new Map(attributes.map((entry) => [entry.id, entry])),
  colorFamilies: new Map([
    ['red', ['red']],
    ['blue', ['navy', 'blue']],
    ['white', ['white']],
    ['black', ['black']],
  ]),
};

/** Axis of each thing that can be seen: an image of it is a vector along that axis. */
export const axis = {
  tee: 0,
  shirt: 1,
  hats: 2,
  shoes: 3,
  nothing: 4,
  solid: 5,
  striped: 6,
  sleeveless: 7,
  short: 8,
  long: 9,
  puff: 10,
  bell: 11,
  bow: 12,
  fringe: 13,
  studs: 14,
  plain: 15,
  women: 16,
  men: 17,
  front: 18,
  back: 19,
  chart: 20,
  hidden: 21,
} as const;

const at = (...axes: number[]) => vector(Object.fromEntries(axes.map((one) => [one, 1])));
const none = rows([]);
const group = (
  entries: [string, number][],
  nulls: [string, number][] = [],
  neutrals: [string, number][] = [],
): BankGroup => ({
  values: rows(entries.map(([id, one]) => [id, at(one)])),
  nulls: nulls.length > 0 ? rows(nulls.map(([id, one]) => [id, at(one)])) : none,
  neutrals: neutrals.length > 0 ? rows(neutrals.map(([id, one]) => [id, at(one)])) : none,
});

const groups: Readonly<Record<string, BankGroup>> = {
  pattern: group([
    ['solid', axis.solid],
    ['striped', axis.striped],
  ]),
  sleeve: group(
    [
      ['none', axis.sleeveless],
      ['short', axis.short],
      ['long', axis.long],
    ],
    [['hidden', axis.hidden]],
  ),
  'sleeve-style': group([
    ['puff', axis.puff],
    ['bell', axis.bell],
  ]),
  details: group(
    [
      ['bow', axis.bow],
      ['fringe', axis.fringe],
      ['studs', axis.studs],
    ],
    [],
    [['plain', axis.plain]],
  ),
  gender: group([
    ['women', axis.women],
    ['men', axis.men],
  ]),
  'image-view': group([
    ['front', axis.front],
    ['back', axis.back],
    ['info-graphic', axis.chart],
  ]),
};

export const bank: VectorBank = {
  model: 'small@1',
  dim,
  scale: 30,
  categories: group(
    [
      ['tee', axis.tee],
      ['shirt', axis.shirt],
      ['hats', axis.hats],
      ['shoes', axis.shoes],
    ],
    [['nothing', axis.nothing]],
  ),
  attribute: (id) => groups[id],
  prompts: (_, id) => [`a ${id}`],
  supported: new Set(Object.keys(groups)),
};

/** An image that shows these things, with a red product unless told otherwise. */
export function image(
  index: number,
  axes: Readonly<Record<number, number>>,
  more: Partial<ImageEvidence> = {},
): ImageEvidence {
  return {
    index,
    vector: vector(axes),
    view: null,
    variant: null,
    colors: [{ lab: [43, 63, 34], hex: '#c8102e', share: 1 }],
    ...more,
  };
}
