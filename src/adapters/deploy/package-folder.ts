/** A model folder as DJL Serving wants it: one top folder (two would become two models, and kill the start), nothing extra. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DeployFault, type PackedFolder } from '../../application/ports-deploy.ts';
import { gzipStored, type TarEntry, tar } from './ustar.ts';

/** Of no use to the container; dot files are left out too. */
const leftOut = /^(\..*|__pycache__|tests?|node_modules|.*\.pyc|.*\.md|.*~)$/;
const wanted = ['serving.properties', 'model.py'];
/** S3 takes 5 GB at once, and all of it is held in memory here. */
const mostBytes = 2 ** 30;

/**
 * `weights`: a folder that is packed along as weights/; null for none.
 * Throws a DeployFault where the folder is none of a model, or holds what an archive cannot carry the same everywhere.
 */
export async function packFolder(folder: string, weights: string | null = null): Promise<PackedFolder> {
  const top = path.basename(folder);
  const names = await readdir(folder).catch((): string[] => []);
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length > 0)
    throw refused(`${folder} is no model folder: ${missing.join(' and ')} is not there.`);
  const room = { bytes: mostBytes };
  const entries = await read(folder, `${top}/`, room);
  if (weights !== null) entries.push(...(await readWeights(weights, `${top}/weights/`, entries, room)));
  // By bytes, not by a language's rules: the same everywhere.
  entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  const bytes = gzipStored(tar(entries));
  return {
    bytes,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    files: entries
      .filter(({ name }) => !name.endsWith('/'))
      .map(({ name, bytes: { byteLength: size } }) => ({ name, size })),
  };
}

/** Packs as above into `to`/<name>-<12 digits of the sha256>.tar.gz and returns that path. The file is whole or not there. */
export async function packIntoFile(folder: string, weights: string | null, to: string): Promise<string> {
  const { bytes, sha256 } = await packFolder(folder, weights);
  const file = path.join(to, `${path.basename(folder)}-${sha256.slice(0, 12)}.tar.gz`);
  const unfinished = `${file}.${process.pid}`;
  try {
    await mkdir(to, { recursive: true });
    await writeFile(unfinished, bytes);
    await rename(unfinished, file);
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => {});
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DeployFault(`${file} cannot be written: ${why}`, { nothingBegun: true, cause });
  }
  return file;
}

async function readWeights(
  weights: string,
  name: string,
  taken: readonly TarEntry[],
  room: { bytes: number },
): Promise<TarEntry[]> {
  if (taken.some((entry) => entry.name.startsWith(name)))
    throw refused('The model folder has weights already; others cannot be packed along.');
  const isFolder = await stat(weights).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw refused(`${weights} is no folder of weights.`);
  const entries = await read(weights, name, room);
  if (entries.length === 1) throw refused(`${weights} holds nothing that is packed.`);
  return entries;
}

/** `room`: what may still be read; it is taken from. */
async function read(folder: string, name: string, room: { bytes: number }): Promise<TarEntry[]> {
  const entries: TarEntry[] = [{ name, bytes: new Uint8Array() }];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (leftOut.test(entry.name)) continue;
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      const inside = await read(file, `${name}${entry.name}/`, room);
      // A folder of nothing but what is left out would still be seen.
      if (inside.length > 1) entries.push(...inside);
    } else if (entry.isFile()) {
      // Before it is read: Node reads no file above 2 GiB, and says so in words of its own.
      room.bytes -= (await stat(file)).size;
      if (room.bytes < 0)
        throw refused(
          `${folder} holds what makes more than 1 GiB. Put the weights into S3 and name them with --model-id s3://bucket/prefix/.`,
        );
      entries.push({ name: `${name}${entry.name}`, bytes: await readFile(file) });
    } else throw refused(`${file} is neither a file nor a folder; links are not packed.`);
  }
  return entries;
}

function refused(message: string): DeployFault {
  return new DeployFault(message, { nothingBegun: true });
}
