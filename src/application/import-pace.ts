/** How fast imports go in this process, as far as it was measured; never a guess. */

export interface ImportPace {
  /** A chunk was worked from `started` to `ended` (milliseconds of one clock): so many lines, so many pictures for the model. */
  note(chunk: PacedChunk): void;
  /** Seconds that so many lines with so many new pictures take; null where nothing was measured. */
  estimate(lines: number, pictures: number): number | null;
}

export interface PacedChunk {
  readonly started: number;
  readonly ended: number;
  readonly lines: number;
  readonly pictures: number;
}

/** Milliseconds that a measurement counts for, and fewer than this many are none. */
const remembered = 10 * 60_000;
const enough = 20;
const mostChunks = 200;

/** `secondsPerPicture`: of the model itself, lately, waiting included; null where nobody knows. `atOnce`: lines worked side by side. */
export function createImportPace(
  secondsPerPicture: () => number | null,
  atOnce: number,
  now: () => number = () => performance.now(),
): ImportPace {
  const chunks: PacedChunk[] = [];
  return {
    note(chunk) {
      chunks.push(chunk);
      if (chunks.length > mostChunks) chunks.shift();
    },
    estimate(lines, pictures) {
      const recent = chunks.filter(({ ended }) => ended > now() - remembered);
      const seconds = busySeconds(recent);
      const sum = (of: 'lines' | 'pictures') => recent.reduce((total, chunk) => total + chunk[of], 0);
      const at = (count: number, measured: number) =>
        measured >= enough && seconds > 0 ? (count * seconds) / measured : null;
      if (pictures === 0) return at(lines, sum('lines'));
      const each = secondsPerPicture();
      return at(pictures, sum('pictures')) ?? (each === null ? null : (pictures * each) / atOnce);
    },
  };
}

/** Time in which at least one chunk was in work: several side by side count once. */
function busySeconds(chunks: readonly PacedChunk[]): number {
  let until = Number.NEGATIVE_INFINITY;
  let busy = 0;
  for (const { started, ended } of [...chunks].sort((a, b) => a.started - b.started)) {
    busy += Math.max(0, ended - Math.max(started, until));
    until = Math.max(until, ended);
  }
  return busy / 1000;
}
