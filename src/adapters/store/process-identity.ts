/**
 * Who a process is, beyond its pid: pids are used again, and in every container the first one is 1.
 * On Linux the start time (in clock ticks since boot) tells two holders of one pid apart; boot id and pid namespace
 * say whether a pid read from a file can be looked up here at all.
 */
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to start, or null where /proc does not tell. */
  readonly started: string | null;
  /** Boot id and pid namespace, or null where /proc does not tell. */
  readonly machine: string | null;
  readonly host: string;
}

export async function identify(): Promise<ProcessIdentity> {
  return {
    pid: process.pid,
    started: (await status(process.pid))?.started ?? null,
    machine: await machine(),
    host: hostname(),
  };
}

/** alive and dead are certain; unknown: it ran elsewhere, or nothing here can tell. */
export async function verdict(other: ProcessIdentity): Promise<'alive' | 'dead' | 'unknown'> {
  const here = await machine();
  if (here !== null && other.machine === here && other.host === hostname()) {
    const now = await status(other.pid);
    // A zombie waits for its parent to notice; it holds nothing any more.
    return now && now.started === other.started && !/[ZX]/.test(now.state) ? 'alive' : 'dead';
  }
  if (here === null && other.machine === null && other.host === hostname()) {
    return exists(other.pid) ? 'unknown' : 'dead';
  }
  return 'unknown';
}

/** Field 3 (state) and 22 (start time) of /proc/<pid>/stat; the name in field 2 may hold anything, even brackets. */
async function status(pid: number): Promise<{ state: string; started: string } | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields?.[0] && fields[19] ? { state: fields[0], started: fields[19] } : null;
}

async function machine(): Promise<string | null> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()} ${await readlink('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
