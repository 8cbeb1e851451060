import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { settingsTable, withSettings } from '../docs/settings.ts';
import { describeSettings } from '../src/config.ts';

const readme = readFileSync(path.resolve(import.meta.dirname, '../README.md'), 'utf8');

test('the settings table of the README is what config.ts says (npm run settings makes it)', () => {
  expect(readme).toBe(withSettings(readme));
});

test('every setting has a row, and a text without its markers is refused', () => {
  const rows = settingsTable().split('\n').slice(2);
  expect(rows).toHaveLength(describeSettings().length);
  expect(rows).toContain('| `PORT` | `3000` | Port to listen on; 0 takes any free one. |');
  const stale = readme.replace('| `PORT` | `3000` |', '| `PORT` | `1` |');
  expect(withSettings(stale)).toBe(readme);
  expect(() => withSettings('no markers')).toThrow('once each');
  expect(() => withSettings(readme + readme)).toThrow('once each');
});
