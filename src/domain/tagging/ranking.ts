/** The best of many, as few as are told of. */

/** Values in the order in which ties are settled. */
export interface TieOrder {
  /** Place of each value among all, by id. */
  readonly places: Int32Array;
}

export function tieOrder(ids: readonly string[]): TieOrder {
  const sorted = ids
    .map((id, index) => ({ id, index }))
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const places = new Int32Array(ids.length);
  for (const [place, { index }] of sorted.entries()) places[index] = place;
  return { places };
}

/**
 * Indexes of the best, best first; what differs by less than 1e-9 is a tie, settled by id: rounding noise never orders an
 * answer. `barred`: indexes that are left out.
 */
export function best(
  confidence: Float64Array,
  { places }: TieOrder,
  most: number,
  barred: readonly number[] = [],
): readonly number[] {
  const top: number[] = [];
  const grains: number[] = [];
  for (let index = 0; index < places.length; index++) {
    const grain = Math.round(confidence[index]! * 1e9);
    let at = top.length;
    while (
      at > 0 &&
      (grain > grains[at - 1]! || (grain === grains[at - 1] && places[index]! < places[top[at - 1]!]!))
    )
      at--;
    if (at >= most || barred.includes(index)) continue;
    if (top.length === most) {
      top.pop();
      grains.pop();
    }
    top.splice(at, 0, index);
    grains.splice(at, 0, grain);
  }
  return top;
}
