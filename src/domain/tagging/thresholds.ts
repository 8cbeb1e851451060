/** Which accept, margin and temperature apply: a fitted calibration, or cautious defaults per kind of attribute. */
import type { Attribute } from '../taxonomy/types.ts';
import type { AttributeCalibration, Calibration } from './calibration.ts';

/** Nothing fitted: demand much. `accept` and `margin` by scoring mode and expected reliability. */
const cautious = {
  softmax: { high: [0.6, 0.2], medium: [0.7, 0.25], low: [0.8, 0.3] },
  'binary-contrast': { high: [0.85, 0], medium: [0.9, 0], low: [0.95, 0] },
  'ranked-softmax': { high: [0.3, 0.05], medium: [0.35, 0.05], low: [0.4, 0.1] },
} as const;

export type Thresholds = AttributeCalibration & { readonly calibrated: boolean };

export function attributeThresholds(calibration: Calibration | null, attribute: Attribute): Thresholds {
  const fitted = calibration?.attributes[attribute.id];
  if (fitted) return { ...fitted, calibrated: true };
  const [accept, margin] = cautious[attribute.scoring][attribute.reliability];
  return uncalibrated(accept, margin);
}

export function categoryThresholds(calibration: Calibration | null): Thresholds {
  return calibration?.category ? { ...calibration.category, calibrated: true } : uncalibrated(0.6, 0.15);
}

function uncalibrated(accept: number, margin: number): Thresholds {
  return {
    temperature: 1,
    accept,
    margin,
    status: 'accept',
    precision: null,
    coverage: null,
    calibrated: false,
  };
}
