/** The Dockerfile against the tree it is built from: what no engine is needed for to see that it has gone stale. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { describeSettings, parseConfig } from '../src/config.ts';
import { command } from './command.ts';

const root = path.resolve(import.meta.dirname, '..');
const read = (name: string) => readFileSync(path.join(root, name), 'utf8');

interface Instruction {
  readonly name: string;
  readonly text: string;
}
/** Instructions in order, continued lines joined, comments left out. */
const instructions = read('Dockerfile')
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line): Instruction => {
    const [, name = '', text = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    return { name, text };
  });
const starts = instructions.flatMap(({ name }, index) => (name === 'FROM' ? [index] : []));
const stages = starts.map((start, index) => instructions.slice(start, starts[index + 1]));
const last = stages.at(-1)!;
const of = (list: readonly Instruction[], name: string) =>
  list.filter((one) => one.name === name).map(({ text }) => text);

/** Sources that come from the tree, not from another stage. */
const copied = of(instructions, 'COPY')
  .filter((text) => !text.startsWith('--from='))
  .flatMap((text) => text.split(/\s+/).slice(0, -1));
const environment = Object.fromEntries(
  of(last, 'ENV')
    .flatMap((text) => [...text.matchAll(/(\w+)=(\S+)/g)])
    .map(([, name = '', value = '']) => [name, value]),
);

/** `.dockerignore` as far as ours goes: `*`, then folders and files by name; the last rule that fits wins. */
function ignored(file: string): boolean {
  let out = false;
  for (const line of read('.dockerignore').split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const rule = line.replace(/^!/, '');
    const fits = rule === '*' || file === rule || file.startsWith(`${rule}/`);
    if (fits) out = !line.startsWith('!');
  }
  return out;
}

describe('the Dockerfile', () => {
  test('everything that is copied is there, and reaches the build', () => {
    expect(copied.length).toBeGreaterThan(8);
    expect(copied.filter((name) => !existsSync(path.join(root, name)))).toEqual([]);
    expect(copied.filter(ignored)).toEqual([]);
    // So that the rules above are read as an engine reads them.
    expect(ignored('test')).toBe(true);
    expect(ignored('models/bundled/model.onnx')).toBe(false);
    expect(ignored('models/bundled/training/train.py')).toBe(true);
  });

  test('what the service reads at run time is in the last stage', () => {
    const { taxonomyDir, calibrationDir, modelDir } = parseConfig({}, '/app');
    const targets = of(last, 'COPY').flatMap((text) =>
      text
        .split(/\s+/)
        .filter((word) => !word.startsWith('--'))
        .slice(0, -1),
    );
    for (const folder of [taxonomyDir, calibrationDir, modelDir])
      expect(targets).toContain(path.relative('/app', folder).split('/')[0]);
    expect(targets).toEqual(expect.arrayContaining(['/build/dist', '/build/node_modules', 'package.json']));
    // Nothing of the source comes along.
    expect(targets.some((name) => /src|tsconfig|test/.test(name))).toBe(false);
    const model = ['model.onnx', 'bank.json', 'report.json'].map((name) => `models/bundled/${name}`);
    expect(model.filter((name) => ignored(name) || !existsSync(path.join(root, name)))).toEqual([]);
  });

  test('needs no compiler and no other system package', () => {
    for (const text of of(instructions, 'RUN'))
      expect(text).not.toMatch(/\b(apt|apt-get|apk|yum|dnf|gcc|g\+\+|make|python3?|node-gyp|curl|wget)\b/);
    expect(read('.npmrc')).toContain('ignore-scripts=true');
    const [build, run] = of(instructions, 'FROM').map((text) => text.split(' ')[0]);
    expect(run).toBe(build);
  });

  test('its Node is one that the package allows', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    const [least] = /\d+/.exec(engines.node)!;
    for (const text of of(instructions, 'FROM'))
      expect(Number(/^node:(\d+)-/.exec(text)![1])).toBeGreaterThanOrEqual(Number(least));
  });

  test('runs as somebody who may write to /data alone', () => {
    expect(of(last, 'USER')).toEqual(['node']);
    const order = last.map(({ name }) => name);
    expect(order.lastIndexOf('COPY')).toBeLessThan(order.indexOf('USER'));
    expect(of(last, 'COPY').join()).not.toContain('--chown');
    expect(of(last, 'RUN')).toEqual(['mkdir /data && chown node:node /data']);
    expect(of(last, 'VOLUME')).toEqual([environment.DATA_DIR]);
    expect(of(last, 'EXPOSE')).toEqual([environment.PORT]);
  });

  test('its environment holds settings that there are, and nothing secret', () => {
    const known = describeSettings().map(({ name }) => name);
    const others = ['NODE_ENV', 'MALLOC_ARENA_MAX', 'ORT_DISABLE_TELEMETRY'];
    expect(
      Object.keys(environment).filter((name) => !known.includes(name) && !others.includes(name)),
    ).toEqual([]);
    expect(environment).not.toHaveProperty('API_KEYS');
    // It listens to everybody, so without keys it does not start.
    expect(() => parseConfig(environment, '/app')).toThrow('set API_KEYS');
    expect(parseConfig({ ...environment, API_KEYS: `a:tag:${'0'.repeat(64)}` }, '/app')).toMatchObject({
      HOST: '0.0.0.0',
      dataDir: '/data',
    });
  });

  test('starts what the build makes, and asks it for its health', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const [command] = of(last, 'CMD').map((text) => JSON.parse(text) as string[]);
    expect(scripts.start).toContain(command!.join(' '));
    const [health = ''] = of(last, 'HEALTHCHECK');
    const program = JSON.parse(/CMD (\[.*\])$/.exec(health)![1]!) as string[];
    expect(program.slice(0, 2)).toEqual(['node', '-e']);
    expect(program[2]).toContain("'/healthz'");
  });
});

test('the health check tells a service from nothing', async () => {
  const [, text = ''] = /CMD (\[.*\])$/.exec(of(last, 'HEALTHCHECK')[0]!)!;
  const [program = '', ...args] = JSON.parse(text) as string[];
  const run = (port: string) =>
    promisify(execFile)(program, args, { env: { PATH: process.env.PATH, PORT: port } }).then(
      () => 0,
      ({ code }: { code: number }) => code,
    );
  expect(await run('1')).toBe(1);
  const { createServer } = await import('node:http');
  const server = createServer((request, reply) =>
    reply.writeHead(request.url === '/healthz' ? 200 : 404).end(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  expect(await run(String(port))).toBe(0);
  await new Promise((resolve) => server.close(resolve));
});

test('commands run in the image without keys: they listen nowhere', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [command, 'taxonomy', 'check'], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
  });
  expect(stdout).toContain('836');
}, 60_000);
