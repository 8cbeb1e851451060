/** `npm run settings`: writes the README's table of settings from config.ts. A test holds the README against it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeSettings } from '../src/config.ts';

const begin = '<!-- settings: made by `npm run settings` from src/config.ts -->';
const end = '<!-- end of settings -->';

/** A Markdown table; a bar inside a cell would end it. */
export function settingsTable(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = describeSettings().map(
    ({ name, default: fallback, meaning }) =>
      `| \`${name}\` | ${fallback && `\`${cell(fallback)}\``} | ${cell(meaning)} |`,
  );
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

/** The text with a fresh table between its two markers, each of which must stand there once, in order. */
export function withSettings(text: string): string {
  const [before, inside, ...rest] = text.split(begin);
  const [, after, ...more] = (inside ?? '').split(end);
  if (before === undefined || after === undefined || rest.length + more.length > 0)
    throw new Error(`The text must hold "${begin}" and "${end}" once each, in this order.`);
  return `${before}${begin}\n\n${settingsTable()}\n\n${end}${after}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const readme = new URL('../README.md', import.meta.url);
  writeFileSync(readme, withSettings(readFileSync(readme, 'utf8')));
}
