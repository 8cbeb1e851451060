/** A TagSet as lines for a terminal: what was decided, how surely, and what stayed open. */
import type { Decision, TagSet } from '../domain/tagging/types.ts';

export function tagTable(files: readonly string[], tagSet: TagSet): string[] {
  const rows: [string, string, string][] = [describe('category', tagSet.category)];
  for (const [id, decision] of Object.entries(tagSet.attributes)) rows.push(describe(id, decision));
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map(([name, value, note]) =>
    `  ${name.padEnd(widths[0]!)}  ${value.padEnd(widths[1]!)}  ${note}`.trimEnd(),
  );
  const failed = tagSet.images
    .filter((image) => image.error)
    .map(
      (image) => `  ! ${files[image.index] ?? image.index}: ${image.error!.detail} (${image.error!.code})`,
    );
  const { notSupported } = tagSet.provenance;
  const silent = notSupported.length > 0 ? [`  (this model cannot decide: ${notSupported.join(', ')})`] : [];
  const warnings = tagSet.warnings.map((warning) => `  ! ${warning.detail} (${warning.code})`);
  return [files.join(', '), ...lines, ...failed, ...silent, ...warnings, ''];
}

function describe(name: string, decision: Decision): [string, string, string] {
  if (decision.status === 'abstained') {
    const maybe = decision.candidates.map(({ id, confidence }) => `${id} ${percent(confidence)}`).slice(0, 3);
    return [name, '-', `${decision.reason}${maybe.length > 0 ? `; perhaps ${maybe.join(', ')}` : ''}`];
  }
  const values = decision.values.map((value) => value.name).join(', ');
  const notes = decision.values.map((value) =>
    [
      value.confidence === null ? decision.source : percent(value.confidence),
      ...(value.hex ? [value.hex] : []),
      ...(value.share === undefined ? [] : [`${percent(value.share)} of the product`]),
    ].join(' '),
  );
  return [
    name,
    values || 'none',
    `${notes.join(', ')}${decision.status === 'suggested' ? '  (suggested)' : ''}`,
  ];
}

function percent(value: number): string {
  return `${Math.round(value * 100)}%`;
}
