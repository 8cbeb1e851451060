/** The table of ARCHITECTURE.md, enforced: who may import whom, one owner per vendor, small files, no grab-bags. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

interface SourceFile {
  readonly file: string;
  readonly lines: number;
  readonly imports: readonly string[];
}

function sources(folder: string): SourceFile[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const absolute = path.join(entry.parentPath, entry.name);
      const text = readFileSync(absolute, 'utf8');
      const imports = [...text.matchAll(/(?:\bfrom\s+|^import\s+|\bimport\()['"]([^'"]+)['"]/gm)].map(
        (match) => {
          const target = match[1]!;
          return target.startsWith('.')
            ? path.relative(root, path.resolve(path.dirname(absolute), target))
            : target;
        },
      );
      return { file: path.relative(root, absolute), lines: text.split('\n').length - 1, imports };
    });
}

const files = sources('src');

/** Room -> what it may import: prefixes of our own files, and packages ('node:' stands for Node's own modules). */
const rooms: readonly { room: RegExp; may: readonly RegExp[] }[] = [
  { room: /^src\/domain\//, may: [/^src\/domain\//] },
  { room: /^src\/application\//, may: [/^src\/domain\//, /^src\/application\//] },
  {
    room: /^src\/adapters\//,
    may: [/^src\/domain\//, /^src\/application\/ports(-\w+)?\.ts$/, /^node:/, /^(?!fastify|@fastify)[a-z@]/],
  },
  {
    room: /^src\/http\//,
    may: [
      /^src\/domain\//,
      /^src\/application\//,
      /^src\/http\//,
      /^node:/,
      /^fastify/,
      /^@fastify\//,
      /^zod$/,
      /^pino$/,
    ],
  },
  { room: /^src\/worker\//, may: [/^src\/domain\//, /^src\/application\//, /^src\/worker\//] },
  {
    room: /^src\/cli\//,
    may: [
      /^src\/domain\//,
      /^src\/application\//,
      /^src\/cli\//,
      /^src\/(composition|composition-model|composition-deploy|processes|config|log)\.ts$/,
      /^node:/,
    ],
  },
  {
    room: /^src\/(config|config-events|log)\.ts$/,
    may: [/^node:/, /^zod$/, /^pino$/, /^src\/config-events\.ts$/],
  },
  { room: /^src\/main\.ts$/, may: [/^src\/processes\.ts$/] },
  {
    room: /^src\/processes\.ts$/,
    may: [
      /^src\/(composition|config|log|http\/app|worker\/tagging-worker)\.ts$/,
      /^node:/,
      /^close-with-grace$/,
    ],
  },
  {
    room: /^src\/composition(-model|-opened|-places|-probability|-fetching|-originals|-work|-events|-ground|-delivery|-readiness|-imports|-transfer|-meaning)?\.ts$/,
    may: [/^(?!src\/(main|processes|composition-deploy)\.ts|src\/adapters\/deploy\/)/],
  },
  {
    room: /^src\/composition-deploy\.ts$/,
    may: [/^src\/adapters\/deploy\//, /^src\/application\//, /^src\/domain\//, /^node:/],
  },
];

const owners: Readonly<Record<string, RegExp>> = {
  sharp: /^src\/adapters\/image\/sharp\.ts$/,
  'onnxruntime-node': /^src\/adapters\/inference\/onnx-worker\.ts$/,
  '@huggingface/tokenizers': /^src\/adapters\/inference\/onnx-clip\/tokenizer\.ts$/,
  kysely: /^src\/adapters\/store\//,
  pg: /^src\/adapters\/store\//,
  '@electric-sql/pglite': /^src\/adapters\/store\//,
  fastify: /^src\/http\//,
  'prom-client': /^src\/adapters\/metrics\//,
  'pg-boss': /^src\/adapters\/queue\//,
  tar: /^src\/adapters\/store\//,
  yaml: /^src\/adapters\/taxonomy\//,
  undici: /^src\/adapters\/web\//,
  'ipaddr.js': /^src\/adapters\/web\//,
  '@aws-sdk/client-cloudformation': /^src\/adapters\/deploy\/(clients|stacks)\.ts$/,
  '@aws-sdk/client-s3':
    /^src\/adapters\/((originals\/s3-bucket|web\/s3-image)|deploy\/(clients|artifacts))\.ts$/,
  '@aws-sdk/client-sagemaker-runtime':
    /^src\/adapters\/(inference\/sagemaker\/runtime|deploy\/(clients|endpoint))\.ts$/,
};

describe('the rooms', () => {
  test('every file belongs to a room and imports only what its room may', () => {
    const broken: string[] = [];
    for (const { file, imports } of files) {
      const room = rooms.find((candidate) => candidate.room.test(file));
      if (!room) broken.push(`${file} stands in no room`);
      for (const target of imports) {
        if (room && !room.may.some((allowed) => allowed.test(target)))
          broken.push(`${file} imports ${target}`);
        const own = /^src\/adapters\/([^/]+)\//.exec(file)?.[1];
        const other = /^src\/adapters\/([^/]+)\//.exec(target)?.[1];
        if (own && other && own !== other) broken.push(`${file} imports another adapter: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test('every vendor has one owner', () => {
    const broken = files.flatMap(({ file, imports }) =>
      imports
        .filter((target) => {
          const name = Object.keys(owners).find(
            (vendor) => target === vendor || target.startsWith(`${vendor}/`),
          );
          return name !== undefined && !owners[name]!.test(file);
        })
        .map((target) => `${file} imports ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test('no import cycle', () => {
    const graph = new Map(
      files.map(({ file, imports }) => [file, imports.filter((target) => target.startsWith('src/'))]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) {
        cycles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
        return;
      }
      if (done.has(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
      done.add(file);
    };
    for (const { file } of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  test('the service never loads CloudFormation: only the command line reaches what deploys', () => {
    const reached = new Set(['src/main.ts']);
    for (const file of reached)
      for (const target of files.find((source) => source.file === file)?.imports ?? []) reached.add(target);
    expect(reached).toContain('src/composition.ts');
    const deploying = [...reached].filter((name) =>
      /client-cloudformation|adapters\/deploy|composition-deploy/.test(name),
    );
    expect(deploying).toEqual([]);
  });

  test('the domain has no clock, no chance, no environment and nothing asynchronous', () => {
    const forbidden = /\bDate\b|Math\.random|process\.|\basync\b|\bawait\b|\bPromise\b|console\./;
    const broken = files
      .filter(({ file }) => file.startsWith('src/domain/'))
      .filter(({ file }) => forbidden.test(code(readFileSync(path.join(root, file), 'utf8'))))
      .map(({ file }) => file);
    expect(broken).toEqual([]);
  });
});

describe('the budgets', () => {
  test('source files: median <= 90 lines, p90 <= 200, none above 300', () => {
    const lengths = files.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(files.filter(({ lines }) => lines > 300).map(({ file }) => file)).toEqual([]);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(90);
    expect(lengths[Math.floor(lengths.length * 0.9)]).toBeLessThanOrEqual(200);
  });

  test('test files: none above 450 lines', () => {
    expect(
      sources('test')
        .filter(({ lines }) => lines > 450)
        .map(({ file }) => file),
    ).toEqual([]);
  });

  test('no grab-bag names, no default export in src, no `any`', () => {
    const named = files
      .filter(({ file }) => /\b(utils?|helpers?|common|misc|lib)\b/.test(file))
      .map(({ file }) => file);
    const loose = files
      .filter(({ file }) =>
        /export default|: any\b|as any\b|<any>/.test(code(readFileSync(path.join(root, file), 'utf8'))),
      )
      .map(({ file }) => file);
    expect([...named, ...loose]).toEqual([]);
  });
});

/** Source text less its comments. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}
