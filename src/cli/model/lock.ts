/** models.lock: what each preset's files were at the first pull. What the hub gives later must be the same. */
import { readFile, rename, writeFile } from 'node:fs/promises';

export interface LockedModel {
  readonly repository: string;
  /** Commit, where the hub said it; else the revision that was asked for. */
  readonly revision: string;
  /** By the name in the repository. */
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly size: number }>>;
  /** What was read of the checkpoint's weights; not read a second time. */
  readonly scale?: {
    readonly logit_scale: number;
    readonly logit_bias: number | null;
    readonly source: string;
  };
}

export type Lock = Readonly<Record<string, LockedModel>>;

/** Empty where there is none. Throws where it cannot be read: a lock that is skipped protects nothing. */
export async function readLock(file: string): Promise<Lock> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw cause;
  }
  try {
    const read = JSON.parse(text) as { models?: unknown };
    if (isLock(read.models)) return read.models;
  } catch {}
  throw new Error(`${file} is damaged. Restore it, or remove it to trust what the hub gives now.`);
}

function isLock(value: unknown): value is Lock {
  const isRecord = (given: unknown): given is Record<string, unknown> =>
    typeof given === 'object' && given !== null && !Array.isArray(given);
  return (
    isRecord(value) &&
    Object.values(value).every(
      (model) =>
        isRecord(model) &&
        typeof model.repository === 'string' &&
        typeof model.revision === 'string' &&
        isRecord(model.files) &&
        Object.values(model.files).every(
          (file) => isRecord(file) && typeof file.sha256 === 'string' && /^[0-9a-f]{64}$/.test(file.sha256),
        ),
    )
  );
}

export async function writeLock(file: string, lock: Lock): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify({ models: lock }, null, 2)}\n`);
  await rename(`${file}.new`, file);
}
