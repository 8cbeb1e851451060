/** From measured colours to the vocabulary's names. */
import type { ColorShare } from '../tagging/types.ts';
import { anchors, notByPixel } from './anchors.ts';
import { difference } from './ciede2000.ts';
import { hexToLab, type Lab } from './lab.ts';

export interface ColorValue {
  readonly id: string;
  /** sRGB `#rrggbb`; a value without one is never named by pixels. */
  readonly hex: string | null;
  readonly family: string | null;
}

export interface NamedColor {
  readonly id: string;
  readonly family: string | null;
  /** 0 to 1. */
  readonly share: number;
  /** The measured colour, `#rrggbb`: of the largest part that has this name. */
  readonly hex: string;
  /** CIEDE2000 from the name's nearest point, of that part. */
  readonly distance: number;
}

/** Rule for `multicolor`: no colour with this share, and at least so many names. */
const multicolorShare = 0.3;
const multicolorNames = 4;
/** CIEDE2000 over which a name's likelihood falls to 1/e. */
const softness = 3;

/** Names and where their colours lie, as far as no picture changes it. */
export interface Names {
  readonly values: readonly ColorValue[];
  /** Of each name that pixels can have: its place among `values`. */
  readonly places: Int32Array;
  /** L, a, b of every point of those names, name by name. */
  readonly points: Float64Array;
  /** Of each of those names: where in `points` its own begin; then their end. */
  readonly starts: Int32Array;
}

export function namesOf(values: readonly ColorValue[]): Names {
  const places: number[] = [];
  const points: number[] = [];
  const starts: number[] = [0];
  for (const [place, value] of values.entries()) {
    if (notByPixel.has(value.id) || value.hex === null) continue;
    const own = hexToLab(value.hex);
    const labs: readonly Lab[] = anchors.get(value.id) ?? (own ? [own] : []);
    if (labs.length === 0) continue;
    places.push(place);
    points.push(...labs.flat());
    starts.push(points.length);
  }
  return {
    values,
    places: Int32Array.from(places),
    points: Float64Array.from(points),
    starts: Int32Array.from(starts),
  };
}

export interface ColorReading {
  /** Largest share first; `multicolor` leads where no colour does. Clusters of one name are added up. */
  readonly named: readonly NamedColor[];
  /**
   * Probability of each value, from pixels alone: each cluster gives its share to the names around it, the nearer the
   * more. They sum to 1 (all 0 where nothing was measured).
   */
  readonly distribution: Float64Array;
}

export function readColors(shares: readonly ColorShare[], names: Names): ColorReading {
  const { values, places } = names;
  const distribution = new Float64Array(values.length);
  const named = new Map<string, NamedColor>();
  if (places.length === 0) return { named: [], distribution };
  const distances = new Float64Array(places.length);
  const likelihoods = new Float64Array(places.length);
  let sum = 0;
  for (const { lab, hex, share } of shares) {
    const nearest = measure(lab, names, distances);
    const distance = distances[nearest]!;
    const { id, family } = values[places[nearest]!]!;
    const before = named.get(id);
    named.set(id, before ? { ...before, share: before.share + share } : { id, family, share, hex, distance });
    let total = 0;
    for (let name = 0; name < places.length; name++) {
      likelihoods[name] = Math.exp((distance - distances[name]!) / softness);
      total += likelihoods[name]!;
    }
    for (let name = 0; name < places.length; name++) {
      distribution[places[name]!]! += (share * likelihoods[name]!) / total;
    }
    sum += share;
  }
  const colors = [...named.values()].sort((p, q) => q.share - p.share);
  const first = colors[0];
  const many = values.findIndex(({ id }) => id === 'multicolor');
  const isMany = many >= 0 && first && first.share < multicolorShare && colors.length >= multicolorNames;
  if (sum > 0) {
    for (let place = 0; place < distribution.length; place++) {
      const own = distribution[place]! / sum;
      distribution[place] = isMany ? (place === many ? 0.5 : own / 2) : own;
    }
  }
  if (!isMany) return { named: colors, distribution };
  const { id, family } = values[many]!;
  return { named: [{ id, family, share: 1, hex: first.hex, distance: 0 }, ...colors], distribution };
}

/** The distance to every name, of its nearest point; gives the nearest name. */
function measure([L, a, b]: Lab, { points, starts }: Names, distances: Float64Array): number {
  let nearest = 0;
  for (let name = 0; name < distances.length; name++) {
    let least = Number.POSITIVE_INFINITY;
    for (let at = starts[name]!; at < starts[name + 1]!; at += 3) {
      least = Math.min(least, difference(L, a, b, points[at]!, points[at + 1]!, points[at + 2]!));
    }
    distances[name] = least;
    if (least < distances[nearest]!) nearest = name;
  }
  return nearest;
}
