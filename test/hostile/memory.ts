/** How much memory a process holds, as Linux counts it; null where there is no /proc. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Resident bytes now, and at most since `forgetPeak`. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)![1]) * 1024;
    return { now: kilobytes('VmRSS'), peak: kilobytes('VmHWM') };
  } catch {
    return null;
  }
}

/** Lets the peak begin anew at what is held now. */
export function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Not Linux, or not allowed: the peak then includes the start.
  }
}

export const inMebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);
