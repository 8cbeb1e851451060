/** A diff of two taxonomies as lines for a person. */
import type { TaxonomyChange, TaxonomyDiff } from '../../domain/taxonomy/diff.ts';

export function showDiff({ from, to, counts, changes }: TaxonomyDiff): readonly string[] {
  if (changes.length === 0) return [`${to} means the same as ${from}, which is active.`];
  const summary = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`);
  return [`${from} (active) -> ${to}: ${summary.join(', ')}`, ...changes.map((one) => `  ${lineOf(one)}`)];
}

function lineOf({ change, of, id, field, before, after }: TaxonomyChange): string {
  const what = `${change.padEnd(11)}  ${of.padEnd(9)}  ${id}`;
  if (change === 'retired') return `${what}${after === null ? '' : `, replaced by ${short(after)}`}`;
  if (change === 'restored') return what;
  if (change === 'added' || change === 'removed')
    return `${what}${shown(change === 'added' ? after : before)}`;
  const named = field === null || field === 'name' || field === 'parent' ? '' : ` ${field}`;
  if (Array.isArray(before) && Array.isArray(after) && change !== 'order')
    return `${what}${named}: ${lists(before, after)}`;
  return change === 'order' ? `${what}${named}` : `${what}${named}: ${short(before)} -> ${short(after)}`;
}

const shown = (name: unknown) => (typeof name === 'string' ? ` (${name})` : '');

/** What a list lost and gained. */
function lists(before: readonly unknown[], after: readonly unknown[]): string {
  const [old, now] = [before, after].map((list) => list.map((one) => JSON.stringify(one)));
  const lost = old!.filter((one) => !now!.includes(one)).map((one) => `- ${cut(one)}`);
  const gained = now!.filter((one) => !old!.includes(one)).map((one) => `+ ${cut(one)}`);
  return [...lost, ...gained].join('  ') || 'listed otherwise';
}

const short = (value: unknown) => (value === null ? 'none' : cut(JSON.stringify(value)));
const cut = (text: string) => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
