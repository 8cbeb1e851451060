import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { describeSettings } from '../src/config.ts';

test('the settings table of the README is what config.ts says', () => {
  const readme = readFileSync(path.resolve(import.meta.dirname, '../README.md'), 'utf8');
  const rows = describeSettings().map(
    ({ name, default: fallback, meaning }) =>
      `| \`${name}\` | ${fallback && `\`${fallback}\``} | ${meaning} |`,
  );
  expect(readme).toContain(`| setting | default | meaning |\n|---|---|---|\n${rows.join('\n')}\n\n`);
});
