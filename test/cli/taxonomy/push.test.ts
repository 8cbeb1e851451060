/** `taxonomy push` and `diff` against a server that plays its part: what is printed, and the exit codes. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TaxonomyReport } from '../../../src/application/administer.ts';
import { parsePushArguments, pushTaxonomy } from '../../../src/cli/taxonomy/push.ts';
import { type Answer, askServer } from '../../../src/cli/taxonomy/server.ts';
import { showDiff } from '../../../src/cli/taxonomy/show-diff.ts';
import { sampleTaxonomy } from '../../http/fake-meanings.ts';

const directory = path.resolve(import.meta.dirname, '../../../taxonomy');
const diff = { from: 'small@1.0.0', to: 'small@1.1.0', counts: {}, changes: [] };

async function run(words: readonly string[], answers: Answer[], folder = directory) {
  const lines: string[] = [];
  const asked: [string, string, unknown][] = [];
  const parsed = parsePushArguments(words);
  if (typeof parsed === 'string') throw new Error(parsed);
  const code = await pushTaxonomy(parsed, {
    directory: folder,
    ask: () => async (method, target, body) => {
      asked.push([method, target, body]);
      return answers.shift()!;
    },
    stop: new AbortController().signal,
    print: (line) => lines.push(line),
    complain: (line) => lines.push(`! ${line}`),
    everyMs: 1,
  });
  return { code, lines, asked };
}
const stored = { status: 201, body: { ...sampleTaxonomy('1.1.0'), state: 'stored', diff } };
const looked = (more: Partial<TaxonomyReport>): Answer => ({
  status: 200,
  body: { ...sampleTaxonomy('1.1.0'), ...more },
});

test.each([
  [['push'], { kind: 'push', folder: null, activate: false }],
  [['push', 'x', '--activate'], { kind: 'push', folder: 'x', activate: true }],
  [['diff', 'x'], { kind: 'diff', folder: 'x', activate: false }],
])('%j', (words, parsed) => expect(parsePushArguments(words)).toEqual(parsed));

test.each([[[]], [['pull']], [['push', 'a', 'b']], [['push', '--now']], [['diff', '--activate']]])(
  '%j is misused',
  (words) => expect(typeof parsePushArguments(words)).toBe('string'),
);

describe('what it does', () => {
  test('a diff stores nothing', async () => {
    const { code, lines, asked } = await run(['diff'], [{ ...stored, status: 200 }]);
    expect([code, lines]).toEqual([0, ['small@1.1.0 means the same as small@1.0.0, which is active.']]);
    const [method, target, body] = asked[0]!;
    expect([method, target]).toEqual(['POST', '/admin/taxonomies?store=false']);
    const names = Object.keys((body as { files: object }).files);
    expect(names).toEqual(
      expect.arrayContaining(['taxonomy.yaml', 'attributes/color.yaml', 'mappings/google.yaml']),
    );
    expect(names.filter((name) => !name.endsWith('.yaml'))).toEqual([]);
  });

  test('it waits until the version is active, and says how far it is', async () => {
    const preparation = { captions: { known: 1, total: 2 }, waitingFor: 'The model is away.' };
    const { code, lines } = await run(
      ['push', '--activate'],
      [
        stored,
        looked({ state: 'preparing', preparation }),
        { status: 503, body: {} },
        looked({ state: 'active' }),
      ],
    );
    expect(code).toBe(0);
    expect(lines.slice(1)).toEqual([
      'retail-visual-attributes@1.1.0 is stored.',
      '! preparing 1.1.0: 1 of 2 captions; waiting: The model is away.',
      '1.1.0 is active.',
    ]);
  });

  test('one that came to nothing fails', async () => {
    const answers = [
      stored,
      looked({ state: 'preparing' }),
      looked({ state: 'stored', failure: 'It lacks "tee".' }),
    ];
    const { code, lines } = await run(['push', '--activate'], answers);
    expect([code, lines.at(-1)]).toEqual([1, '! It lacks "tee".']);
  });

  test('every problem is printed', async () => {
    const errors = [{ pointer: '/files/taxonomy.yaml', detail: 'is missing' }];
    const { code, lines } = await run(['push'], [{ status: 422, body: { detail: 'There are 1.', errors } }]);
    expect([code, lines]).toEqual([1, ['! /files/taxonomy.yaml: is missing', '! 422: There are 1.']]);
  });

  test('a folder that is none, and an address that is none, are the caller’s', async () => {
    expect((await run(['push'], [], '/nowhere')).code).toBe(2);
    expect(() => askServer({ HANGTAG_URL: 'ftp://x' })).toThrow('HANGTAG_URL is no http address');
    await expect(askServer({ HANGTAG_URL: 'http://127.0.0.1:1' })('GET', '/model')).rejects.toMatchObject({
      misused: false,
    });
  });
});

test('a diff for people', () => {
  const change = (more: object) => ({
    of: 'value',
    id: 'color/navy',
    field: null,
    before: null,
    after: null,
    ...more,
  });
  const changes = [
    change({ change: 'added', after: 'Navy' }),
    change({ change: 'retired', field: 'replacedBy', after: 'blue' }),
    change({ change: 'prompts', field: 'prompts', before: ['a', 'b'], after: ['b', 'c'] }),
    change({ change: 'moved', of: 'category', id: 'hats', field: 'parent', before: 'clothing', after: null }),
  ] as unknown as Parameters<typeof showDiff>[0]['changes'];
  expect(
    showDiff({ from: 'a@1', to: 'a@2', counts: { added: 1, retired: 1, prompts: 1, moved: 1 }, changes }),
  ).toEqual([
    'a@1 (active) -> a@2: 1 added, 1 retired, 1 prompts, 1 moved',
    '  added        value      color/navy (Navy)',
    '  retired      value      color/navy, replaced by "blue"',
    '  prompts      value      color/navy prompts: - "a"  + "c"',
    '  moved        category   hats: "clothing" -> none',
  ]);
});
