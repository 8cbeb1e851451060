/** How far a transfer is: one line redrawn on a terminal, else a plain line every few seconds and at each stage's end. */
import type { TransferWatch } from '../../application/ports-transfer.ts';
import { duration, type Screen } from '../import/progress.ts';

interface Stage {
  readonly name: string;
  readonly unit: 'rows' | 'bytes';
  readonly total: number;
  /** Of an earlier run: counted as done, not in the rate. */
  readonly before: number;
  /** Milliseconds. */
  readonly began: number;
}

export interface TransferProgress extends TransferWatch {
  /** The last state, and the line ended. Once more: nothing. */
  end(): void;
}

/** `now`: milliseconds. */
export function createTransferProgress(screen: Screen, now: () => number = Date.now): TransferProgress {
  const every = screen.isTerminal ? 100 : 5000;
  let stage: Stage | null = null;
  let worked = 0;
  let shown = 0;
  const draw = (current: Stage) => {
    const text = describeStage(current, worked, (now() - current.began) / 1000);
    const done = current.before + worked;
    screen.write(screen.isTerminal ? `\r${bar(done, current.total)} ${text}\x1b[K` : `${text}\n`);
    shown = now();
  };
  const end = () => {
    if (stage === null) return;
    draw(stage);
    if (screen.isTerminal) screen.write('\n');
    stage = null;
  };
  return {
    begin(name, unit, total, before) {
      end();
      stage = { name, unit, total, before, began: now() };
      worked = 0;
      shown = now();
    },
    advance(by) {
      worked += by;
      if (stage && now() - shown >= every) draw(stage);
    },
    end,
  };
}

export function describeStage({ name, unit, total, before }: Stage, worked: number, seconds: number): string {
  const amount = (count: number) => (unit === 'rows' ? `${Math.round(count)} rows` : megabytes(count));
  const rate = seconds > 0 ? worked / seconds : 0;
  const left = total - before - worked;
  const parts = [`${name} ${amount(before + worked)} of ${amount(total)}`, `${amount(rate)}/s`];
  if (left > 0 && rate > 0) parts.push(`eta ${duration(left / rate)}`);
  return parts.join('  ');
}

/** Of 1,000,000 bytes, one decimal. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function bar(done: number, total: number): string {
  const width = 24;
  const full = total === 0 ? width : Math.min(width, Math.floor((done / total) * width));
  return `[${'='.repeat(full)}${' '.repeat(width - full)}]`;
}
