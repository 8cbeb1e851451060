/** A model folder as DJL Serving wants it: one top folder (two would become two models, and kill the start), nothing extra. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { DeployFault, type PackedFolder } from '../../application/ports-deploy.ts';
import { gzipStored, type TarEntry, tar } from './ustar.ts';

/** Of no use to the container; dot files are left out too. */
const leftOut = /^(\..*|__pycache__|tests?|node_modules|.*\.pyc|.*\.md|.*~)$/;
const wanted = ['serving.properties', 'model.py'];
/** S3 takes 5 GB at once, and all of it is held in memory here. */
const mostBytes = 2 ** 30;

/** Throws a DeployFault where the folder is none of a model, or holds what an archive cannot carry the same everywhere. */
export async function packFolder(folder: string): Promise<PackedFolder> {
  const top = path.basename(folder);
  const names = await readdir(folder).catch((): string[] => []);
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length > 0)
    throw refused(`${folder} is no model folder: ${missing.join(' and ')} is not there.`);
  const entries = await read(folder, `${top}/`);
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

async function read(folder: string, name: string): Promise<TarEntry[]> {
  const entries: TarEntry[] = [{ name, bytes: new Uint8Array() }];
  let total = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (leftOut.test(entry.name)) continue;
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      const inside = await read(file, `${name}${entry.name}/`);
      // A folder of nothing but what is left out would still be seen.
      if (inside.length > 1) entries.push(...inside);
    } else if (entry.isFile()) {
      entries.push({ name: `${name}${entry.name}`, bytes: await readFile(file) });
    } else throw refused(`${file} is neither a file nor a folder; links are not packed.`);
    total = entries.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    if (total > mostBytes)
      throw refused(
        `${folder} holds more than 1 GiB. Put the weights into S3 and name them with --model-id s3://bucket/prefix/.`,
      );
  }
  return entries;
}

function refused(message: string): DeployFault {
  return new DeployFault(message, { nothingBegun: true });
}
