import type { Scored } from '../../../../src/domain/tagging/decide-values.ts';

/** Best first; what differs by less than 1e-9 is a tie, settled by id: rounding noise never orders an answer. */
export function ranked(values: readonly Scored[]): Scored[] {
  const grain = (value: Scored) => Math.round(value.confidence * 1e9);
  return [...values].sort((a, b) => grain(b) - grain(a) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
