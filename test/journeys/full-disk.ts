/** Two ways in which a disk takes nothing more, neither of which needs privileges: one is always there on Linux. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface Disk {
  readonly name: string;
  /** As the service names it. */
  readonly dataDir: string;
  /** The same folder, as this process can read it. */
  readonly seenFromHere: string;
  /** To be put before the service's own command. */
  readonly under: readonly string[];
  /** From here on every write that needs room fails. `pid`: the running service. */
  fill(pid: number): void;
  free(pid: number): void;
  remove(): void;
}

/** A file system of its own, 160 MiB in memory, in a name space of its own. Null where that is not permitted. */
export async function tmpfsDisk(): Promise<Disk | null> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-tmpfs-'));
  const mount = `mount -t tmpfs -o size=160m,mode=700 tmpfs "$1" && echo mounted && exec sleep 3600`;
  const holder: ChildProcess = spawn('unshare', ['-rm', 'sh', '-c', mount, 'sh', folder], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const mounted = await Promise.race([
    once(holder.stdout!, 'data').then(() => true),
    once(holder, 'exit').then(() => false),
    once(holder, 'error').then(() => false),
  ]);
  if (!mounted) {
    rmSync(folder, { recursive: true, force: true });
    return null;
  }
  const seenFromHere = path.join('/proc', String(holder.pid), 'root', folder);
  const filler = path.join(seenFromHere, 'filler');
  return {
    name: 'a full file system',
    dataDir: folder,
    seenFromHere,
    under: [
      'nsenter',
      '--preserve-credentials',
      '-U',
      '-m',
      '-t',
      String(holder.pid),
      `--wd=${process.cwd()}`,
      '--',
    ],
    fill() {
      const file = openSync(filler, 'a');
      // First in large steps, then to the last byte.
      for (const step of [2 ** 20, 4096, 1]) {
        const bytes = Buffer.alloc(step, 1);
        try {
          for (;;) writeSync(file, bytes);
        } catch {}
      }
      closeSync(file);
    },
    free: () => unlinkSync(filler),
    remove() {
      holder.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An ordinary folder, and a process that may not write a byte into any file. Null where there is no `prlimit`. */
export function limitedDisk(): Disk | null {
  const limit = (pid: number, most: string) =>
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${most}:`], { stdio: 'ignore' });
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
  } catch {
    return null;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-limited-'));
  return {
    name: 'files that may not grow',
    dataDir: folder,
    seenFromHere: folder,
    under: [],
    fill: (pid) => limit(pid, '0'),
    free: (pid) => limit(pid, 'unlimited'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
