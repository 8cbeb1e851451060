/** The commands of docs/taxonomies.md, as they stand there, one after the other against the real service. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from '../command.ts';
import { longRuns } from '../long-runs.ts';
import { type Service, startService } from './service.ts';

const root = path.resolve(import.meta.dirname, '../..');
let folder: string;
let service: Service;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-guide-'));
  for (const name of ['taxonomy', 'calibration'])
    await cp(path.join(root, name), path.join(folder, name), { recursive: true });
  service = await startService({ DATA_DIR: path.join(folder, 'data') });
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
});

test.runIf(longRuns)(
  'every command works and does what the text says',
  async () => {
    const guide = await readFile(path.join(root, 'docs/taxonomies.md'), 'utf8');
    const commands = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text!);
    expect(commands).toHaveLength(6);
    // What `npm run hangtag --` starts was built for the run.
    const npm = `npm() { shift 3; node ${command} "$@"; }`;
    const script = [npm, ...commands.map((text) => `${text}\necho; echo ---`)].join('\n');
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        hangtag: service.url,
        HANGTAG_URL: service.url,
        // The command's own settings: the check reads files.
        DATA_DIR: path.join(folder, 'data'),
      },
    });
    const answers = stdout.split('\n---\n').map((text) => text.trim());
    expect(answers[0]).toContain('retail-visual-attributes@1.1.0 is sound');
    // As the page shows it.
    const shown = /```\n(retail-visual-attributes@1\.0\.0 \(active\)[\s\S]*?)```/.exec(guide)![1]!.trim();
    expect(answers[1]).toBe(shown);
    expect(answers[2]).toBe(`${shown}\nretail-visual-attributes@1.1.0 is stored.\n1.1.0 is active.`);
    expect(JSON.parse(answers[3]!)).toMatchObject({
      version: '1.1.0',
      state: 'active',
      diff: { changes: [] },
    });
    const [stored, counts] = answers[4]!
      .split('}{')
      .map((text, index) => JSON.parse(index ? `{${text}` : `${text}}`));
    expect(stored).toMatchObject({ id: 'hangtag-garments-1/1.1.0/1', state: 'stored' });
    expect(counts).toMatchObject({ id: 'hangtag-garments-1/1.1.0/1', state: 'active' });
    expect(JSON.parse(answers[5]!)).toMatchObject({ version: '1.0.0', state: 'active', source: 'folder' });
    const taxonomy = await (await fetch(`${service.url}/taxonomy/attributes/color`)).json();
    expect(taxonomy).toMatchObject({ taxonomy: 'retail-visual-attributes@1.0.0' });
  },
  60_000,
);
