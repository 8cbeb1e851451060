/** Fitted thresholds of one model under one taxonomy version; see `calibration/README.md`. */

export interface AttributeCalibration {
  /** Divides the logits: above 1 softens. */
  readonly temperature: number;
  /** Smallest confidence that is accepted. */
  readonly accept: number;
  /** Smallest lead over the runner-up. */
  readonly margin: number;
  /** `suggest`: too few or too poor samples to accept alone. */
  readonly status: 'accept' | 'suggest';
  /** Measured on held-out products at `accept`; null where unknown. */
  readonly precision: number | null;
  readonly coverage: number | null;
}

export interface Calibration {
  readonly id: string;
  readonly model: string;
  readonly taxonomy: string;
  readonly category: AttributeCalibration | null;
  readonly attributes: Readonly<Record<string, AttributeCalibration>>;
}
