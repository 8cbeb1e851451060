/**
 * How different two colours look: CIEDE2000 with kL = kC = kH = 1. About 1 is just visible, 10 a different shade.
 * After Sharma, Wu, Dalal, "The CIEDE2000 color-difference formula", Color Research and Application 30 (2005), whose
 * published pairs are the test.
 */
import type { Lab } from '../../../../src/domain/color/lab.ts';

const radians = Math.PI / 180;
const far = 25 ** 7;

export function ciede2000([L1, a1, b1]: Lab, [L2, a2, b2]: Lab): number {
  const meanC7 = ((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2) ** 7;
  const stretch = 1 + 0.5 * (1 - Math.sqrt(meanC7 / (meanC7 + far)));
  const C1 = Math.hypot(stretch * a1, b1);
  const C2 = Math.hypot(stretch * a2, b2);
  const h1 = hue(stretch * a1, b1);
  const h2 = hue(stretch * a2, b2);
  const grey = C1 * C2 === 0;

  let turn = grey ? 0 : h2 - h1;
  if (turn > 180) turn -= 360;
  if (turn < -180) turn += 360;
  const dL = L2 - L1;
  const dC = C2 - C1;
  const dH = 2 * Math.sqrt(C1 * C2) * Math.sin((turn / 2) * radians);

  const L = (L1 + L2) / 2;
  const C = (C1 + C2) / 2;
  const h = meanHue(h1, h2, grey);
  const T =
    1 -
    0.17 * Math.cos((h - 30) * radians) +
    0.24 * Math.cos(2 * h * radians) +
    0.32 * Math.cos((3 * h + 6) * radians) -
    0.2 * Math.cos((4 * h - 63) * radians);
  const sL = 1 + (0.015 * (L - 50) ** 2) / Math.sqrt(20 + (L - 50) ** 2);
  const sC = 1 + 0.045 * C;
  const sH = 1 + 0.015 * C * T;
  const rC = 2 * Math.sqrt(C ** 7 / (C ** 7 + far));
  const rT = -Math.sin(60 * Math.exp(-(((h - 275) / 25) ** 2)) * radians) * rC;
  return Math.sqrt((dL / sL) ** 2 + (dC / sC) ** 2 + (dH / sH) ** 2 + rT * (dC / sC) * (dH / sH));
}

/** Degrees, 0 to 360; 0 for a grey. */
function hue(a: number, b: number): number {
  if (a === 0 && b === 0) return 0;
  const degrees = Math.atan2(b, a) / radians;
  return degrees < 0 ? degrees + 360 : degrees;
}

function meanHue(h1: number, h2: number, grey: boolean): number {
  if (grey) return h1 + h2;
  if (Math.abs(h1 - h2) <= 180) return (h1 + h2) / 2;
  return h1 + h2 < 360 ? (h1 + h2 + 360) / 2 : (h1 + h2 - 360) / 2;
}
