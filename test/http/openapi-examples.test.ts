/** What the document shows: every example is what its schema says, and every call has one, a group and words. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { openApiDocument } from '../../src/http/openapi/document.ts';
import { createWorld } from './fake-services.ts';

interface Content {
  readonly schema: object;
  readonly examples?: Record<string, { readonly $ref: string }>;
}
interface Call {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly description: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly description: string }[];
  readonly requestBody?: { readonly content: Record<string, Content> };
  readonly responses: Record<
    string,
    { readonly description: string; readonly content?: Record<string, Content> }
  >;
}
interface Document {
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Record<string, Record<string, Call>>;
  readonly components: {
    readonly examples: Record<string, { readonly summary: string; readonly value: unknown }>;
  };
}

const document = JSON.parse(JSON.stringify(openApiDocument())) as Document;
const calls = Object.values(document.paths).flatMap((methods) => Object.values(methods));
const ajv = new Ajv2020({ strict: false, validateFormats: false });

/** Everything that holds JSON, by where it stands. */
const contents = calls.flatMap(({ operationId, requestBody, responses }) => [
  ...Object.entries(requestBody?.content ?? {}).map(([type, content]) => ({
    where: `${operationId} request`,
    type,
    content,
  })),
  ...Object.entries(responses).flatMap(([status, { content }]) =>
    Object.entries(content ?? {}).map(([type, one]) => ({
      where: `${operationId} ${status}`,
      type,
      content: one,
    })),
  ),
]);
const named = ({ examples = {} }: Content) =>
  Object.values(examples).map(({ $ref }) => $ref.replace('#/components/examples/', ''));

/** Each schema is compiled once: most stand beside many calls. */
const compiled = new Map<string, ReturnType<typeof ajv.compile>>();
function checkOf(schema: object) {
  const text = JSON.stringify(schema);
  const check = compiled.get(text) ?? ajv.compile({ ...schema, components: document.components });
  compiled.set(text, check);
  return check;
}

describe('examples', () => {
  test('each is what the schema beside it says', () => {
    let checked = 0;
    for (const { where, content } of contents) {
      const names = named(content);
      if (names.length === 0) continue;
      const check = checkOf(content.schema);
      for (const name of names) {
        const example = document.components.examples[name];
        expect(example, `${where}: ${name}`).toBeDefined();
        check(example!.value);
        expect(check.errors, `${where}: ${name}`).toBeNull();
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(100);
  });

  test('everything that is JSON shows one, and none is made for nothing', () => {
    const bare = contents.filter(({ type, content }) => type.endsWith('json') && named(content).length === 0);
    expect(bare.map(({ where }) => where)).toEqual([]);
    const shown = new Set(contents.flatMap(({ content }) => named(content)));
    const spare = Object.keys(document.components.examples).filter((name) => !shown.has(name));
    // Nobody is there to read the first; the second is what no call answers; the others stand in operations and imports alone.
    const quiet = [
      'request.cancelled',
      'request.not_found',
      'image.fetch_unavailable',
      'import.source_unusable',
    ];
    expect(spare.filter((name) => !quiet.includes(name))).toEqual([]);
  });

  test('what a call may be refused with is shown by its codes', () => {
    for (const { where, type, content } of contents) {
      if (type !== 'application/problem+json') continue;
      const status = Number(where.split(' ')[1]);
      for (const name of named(content))
        expect(document.components.examples[name]!.value, where).toMatchObject({ code: name, status });
    }
  });

  test('the picture in the example is one', async () => {
    const world = await createWorld();
    const { value } = document.components.examples.tagBase64!;
    const answer = await world.app.inject({
      method: 'POST',
      url: '/products/sku/tags',
      headers: { host: 'localhost' },
      payload: value as object,
    });
    expect(answer.statusCode).toBe(200);
    const [image] = world.asked[0]!.images;
    expect(
      Buffer.from(image!.content as Uint8Array)
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    await world.app.close();
  });
});

describe('words', () => {
  test('every call stands in a group, says what it needs, and describes what it takes', () => {
    const groups = document.tags.map(({ name }) => name);
    for (const call of calls) {
      expect(groups, call.operationId).toEqual(expect.arrayContaining([...call.tags]));
      expect(call.tags.length, call.operationId).toBeGreaterThan(0);
      expect(call.description, call.operationId).toMatch(/Needs (no key|a key with the scope `\w+`)\.$/);
      expect(call.summary.length, call.operationId).toBeGreaterThan(5);
      for (const { name, description } of call.parameters ?? [])
        expect(description?.length, `${call.operationId} ${name}`).toBeGreaterThan(5);
    }
    for (const name of groups)
      expect(
        calls.some(({ tags }) => tags.includes(name)),
        name,
      ).toBe(true);
  });

  test('the introduction lists every code that can be answered, with its status', () => {
    const rows = [...document.info.description.matchAll(/^\| (\d{3}) \| `([a-z._]+)` \|/gm)];
    const answered = Object.values(document.components.examples).flatMap(({ value }) => {
      const { code, status } = value as { code?: string; status?: number };
      return code && status !== 499 ? [`${status} ${code}`] : [];
    });
    expect(rows.map(([, status, code]) => `${status} ${code}`).sort()).toEqual(answered.sort());
  });
});
