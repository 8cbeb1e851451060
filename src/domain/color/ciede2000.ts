/**
 * How different two colours look: CIEDE2000 with kL = kC = kH = 1. About 1 is just visible, 10 a different shade.
 * After Sharma, Wu, Dalal, "The CIEDE2000 color-difference formula", Color Research and Application 30 (2005), whose
 * published pairs are the test. Functions of the mean hue are written in its sine and cosine, because naming a colour asks
 * for some hundred differences.
 */
import type { Lab } from './lab.ts';

const radians = Math.PI / 180;
const far = 25 ** 7;
const cos30 = Math.cos(30 * radians);
const sin30 = Math.sin(30 * radians);
const cos6 = Math.cos(6 * radians);
const sin6 = Math.sin(6 * radians);
const cos63 = Math.cos(63 * radians);
const sin63 = Math.sin(63 * radians);

export function ciede2000([L1, a1, b1]: Lab, [L2, a2, b2]: Lab): number {
  return difference(L1, a1, b1, L2, a2, b2);
}

/** The same of coordinates that stand alone. */
export function difference(L1: number, a1: number, b1: number, L2: number, a2: number, b2: number): number {
  const stretch =
    1.5 - 0.5 * weightOfChroma((Math.sqrt(a1 * a1 + b1 * b1) + Math.sqrt(a2 * a2 + b2 * b2)) / 2);
  const x1 = stretch * a1;
  const x2 = stretch * a2;
  const C1 = Math.sqrt(x1 * x1 + b1 * b1);
  const C2 = Math.sqrt(x2 * x2 + b2 * b2);
  const dL = L2 - L1;
  const dC = C2 - C1;
  const L = (L1 + L2) / 2;
  const C = (C1 + C2) / 2;
  const fromMiddle = (L - 50) * (L - 50);
  const sL = 1 + (0.015 * fromMiddle) / Math.sqrt(20 + fromMiddle);
  const sC = 1 + 0.045 * C;

  // Unit vectors of the two hues and of the one in the middle, on the shorter way round. A grey has no hue: as in the paper
  // the other colour's counts, and where both are grey, 0 degrees.
  const grey = C1 === 0 || C2 === 0;
  const u1 = C1 > 0 ? x1 / C1 : C2 > 0 ? x2 / C2 : 1;
  const v1 = C1 > 0 ? b1 / C1 : C2 > 0 ? b2 / C2 : 0;
  const u2 = C2 > 0 ? x2 / C2 : u1;
  const v2 = C2 > 0 ? b2 / C2 : v1;
  let u = u1 + u2;
  let v = v1 + v2;
  const length = Math.sqrt(u * u + v * v);
  if (length > 1e-9) {
    u /= length;
    v /= length;
  } else {
    // Opposite hues have two middles; the paper's is a quarter turn on from the smaller angle.
    const onward = v1 > 0 || (v1 === 0 && u1 > 0) ? 1 : -1;
    u = -v1 * onward;
    v = u1 * onward;
  }
  // 2 sin(half the angle between them), signed by the turn from the first to the second.
  const apart = Math.sqrt((u2 - u1) * (u2 - u1) + (v2 - v1) * (v2 - v1));
  const dH = grey ? 0 : Math.sqrt(C1 * C2) * (u1 * v2 < v1 * u2 ? -apart : apart);
  const cos2 = u * u - v * v;
  const sin2 = 2 * u * v;
  const cos3 = cos2 * u - sin2 * v;
  const sin3 = sin2 * u + cos2 * v;
  const cos4 = cos2 * cos2 - sin2 * sin2;
  const sin4 = 2 * sin2 * cos2;
  const T =
    1 -
    0.17 * (u * cos30 + v * sin30) +
    0.24 * cos2 +
    0.32 * (cos3 * cos6 - sin3 * sin6) -
    0.2 * (cos4 * cos63 + sin4 * sin63);
  const sH = 1 + 0.015 * C * T;
  const rC = 2 * weightOfChroma(C);
  const degrees = Math.atan2(v, u) / radians;
  const fromBlue = ((degrees < 0 ? degrees + 360 : degrees) - 275) / 25;
  const rT = -Math.sin(60 * Math.exp(-(fromBlue * fromBlue)) * radians) * rC;
  const l = dL / sL;
  const c = dC / sC;
  const h = dH / sH;
  return Math.sqrt(l * l + c * c + h * h + rT * c * h);
}

/** Near 0 for greys, near 1 for what is saturated. */
function weightOfChroma(C: number): number {
  const third = C * C * C;
  const seventh = third * third * C;
  return Math.sqrt(seventh / (seventh + far));
}
