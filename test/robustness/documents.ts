/** Whole documents, as nothing generated could be: the folder's own taxonomy and calibration under other names. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
export const taughtVersion = '9.9.9';
export const taughtCalibration = 'hangtag-garments-1/1.0.0/9';

export async function taxonomyDocuments(): Promise<{ readonly files: Readonly<Record<string, string>> }> {
  const files: Record<string, string> = {};
  for (const place of ['', 'attributes', 'mappings']) {
    for (const name of await readdir(path.join(root, 'taxonomy', place))) {
      const file = path.posix.join(place, name);
      if (name.endsWith('.yaml')) files[file] = await readFile(path.join(root, 'taxonomy', file), 'utf8');
    }
  }
  const own = files['taxonomy.yaml']!.replace(/^version: .*$/m, `version: ${taughtVersion}`);
  return { files: { ...files, 'taxonomy.yaml': own } };
}

export async function calibrationDocument(): Promise<object> {
  const file = path.join(root, 'calibration/hangtag-garments-1/1.0.0.json');
  return { ...JSON.parse(await readFile(file, 'utf8')), id: taughtCalibration };
}
