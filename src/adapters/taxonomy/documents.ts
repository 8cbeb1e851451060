/** Taxonomies and calibrations that come as documents and not from a folder. */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { MeaningReader } from '../../application/ports-meaning.ts';
import { buildTaxonomy } from '../../domain/taxonomy/build.ts';
import { readCalibration } from './read-calibration.ts';
import { canonical, type FileTexts, type Read, type SoundDocuments } from './read-taxonomy.ts';

/** Milliseconds for one taxonomy, and megabytes: what needs more is made to need more. */
const longestMs = 60_000;
const mostMegabytes = 512;

export const meaningReader: MeaningReader = {
  async taxonomy(files) {
    const read = await readBeside(new Map(Object.entries(files)));
    return 'problems' in read ? read : { taxonomy: buildTaxonomy(read.documents, read.hash) };
  },

  async calibration(value, fitted) {
    const read = await readCalibration('', value, fitted);
    if ('problems' in read) return read;
    const { calibration } = read;
    return { calibration, contentHash: createHash('sha256').update(canonical(calibration)).digest('hex') };
  },
};

function readBeside(texts: FileTexts): Promise<Read<SoundDocuments>> {
  const worker = startThread(texts);
  return new Promise<Read<SoundDocuments>>((resolve, reject) => {
    const tooMuch = () => resolve({ problems: [{ file: '', path: '', message: 'takes too long to read' }] });
    const timer = setTimeout(tooMuch, longestMs);
    worker.once('message', (read: Read<SoundDocuments>) => resolve(read));
    worker.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') tooMuch();
      else reject(error);
    });
    worker.once('exit', (code) => reject(new Error(`the thread that reads taxonomies ended with ${code}`)));
    worker.once('exit', () => clearTimeout(timer));
  }).finally(() => void worker.terminate());
}

/** Compiled, the thread stands beside this file as .js; run from source, as the tests do, tsx loads the .ts. */
function startThread(workerData: FileTexts): Worker {
  const options = { workerData, resourceLimits: { maxOldGenerationSizeMb: mostMegabytes } };
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./reading-thread.js', import.meta.url), options);
  const file = JSON.stringify(new URL('./reading-thread.ts', import.meta.url).href);
  const load = `import('tsx/esm/api').then(({ tsImport }) => tsImport(${file}, ${file}))`;
  return new Worker(load, { ...options, eval: true });
}
