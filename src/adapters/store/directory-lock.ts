/**
 * One process per data directory: the embedded database would let two open it and would corrupt it without a word.
 *
 * A lock file stands beside the directory and names its holder. It appears by `link()`, whole or not at all, and the
 * holder touches it every three seconds. Whether a holder still lives is known exactly on the same machine
 * (`process-identity.ts`); from elsewhere it counts as gone after 15 s without a touch.
 *
 * Taking over from a dead holder: whoever first links `<lock>.<token of the dead>` may, and renames that link over the
 * lock, which ends both steps at once. Tokens are never used twice, so a slow rival finds another token and gives way;
 * a rival that dies half-way is itself taken over by the same rule.
 */
import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type StoreLog, unavailable } from './failures.ts';
import { identify, type ProcessIdentity, verdict } from './process-identity.ts';

const touchEveryMs = 3_000;
const goneAfterMs = 15_000;

interface Holder extends ProcessIdentity {
  readonly token: string;
}

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Refuses with `store.unavailable` while another process, or another store of this one, holds the directory. */
export async function lockDirectory(directory: string, log: StoreLog): Promise<DirectoryLock> {
  const path = `${directory}.lock`;
  const token = randomBytes(12).toString('hex');
  const draft = `${path}.draft-${token}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ token, ...(await identify()) })}\n`);
    await file.sync();
    await acquire(path, draft, directory);
  } finally {
    await file.close();
    await rm(draft, { force: true });
  }

  const touch = async () => {
    if ((await readHolder(path))?.token === token) await utimes(path, new Date(), new Date());
    else log.error({ lock: path }, 'the lock file of the data directory was removed or replaced');
  };
  const timer = setInterval(() => {
    touch().catch((error: unknown) => log.warn({ err: error }, 'the lock file cannot be touched'));
  }, touchEveryMs);
  timer.unref();
  return {
    async release() {
      clearInterval(timer);
      if ((await readHolder(path))?.token === token) await rm(path, { force: true });
    },
  };
}

async function acquire(path: string, draft: string, directory: string): Promise<void> {
  for (;;) {
    try {
      return await link(draft, path);
    } catch (error) {
      if (errno(error) !== 'EEXIST') throw error;
    }
    const holder = await readHolder(path);
    if (!holder) continue;
    if (!(await isGone(path, holder))) {
      const where = holder.host === (await identify()).host ? '' : ` on ${holder.host}`;
      throw unavailable(`data directory ${directory} is in use by pid ${holder.pid}${where}`);
    }
    const claim = `${path}.${holder.token}`;
    await acquire(claim, draft, directory);
    if ((await readHolder(path))?.token === holder.token) return await rename(claim, path);
    await unlink(claim);
  }
}

/** Exact on the same machine; from elsewhere, watched until it is touched or has been silent for long enough. */
async function isGone(path: string, holder: Holder): Promise<boolean> {
  const known = await verdict(holder);
  if (known !== 'unknown') return known === 'dead';
  const first = await touchedAt(path);
  for (let last = first; last !== null && last === first; last = await touchedAt(path)) {
    if (Date.now() - last > goneAfterMs) return true;
    await pause(500);
  }
  return false;
}

async function touchedAt(path: string): Promise<number | null> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  );
}

async function readHolder(path: string): Promise<Holder | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errno(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const { token, pid, started, machine, host } = JSON.parse(text) as Holder;
    return { token, pid, started, machine, host };
  } catch {
    return { token: 'unreadable', pid: 0, started: null, machine: null, host: 'an unknown host' };
  }
}

function errno(error: unknown): string | null {
  return error instanceof Error && 'code' in error ? String(error.code) : null;
}
