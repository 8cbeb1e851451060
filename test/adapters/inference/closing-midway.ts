/** Opens and closes the bundled model again and again while it works, which must not take the process with it. */
import path from 'node:path';
import { createOnnxPool, packPixels } from '../../../src/adapters/inference/onnx-pool.ts';

const directory = path.resolve(import.meta.dirname, '../../../models/bundled');
const modelFile = path.join(directory, 'model.onnx');
const picture = new Uint8Array(128 * 128 * 3).fill(120);
for (let turn = 0; turn < Number(process.argv[2]); turn++) {
  const pool = await createOnnxPool({
    setup: { modelFile, tower: { kind: 'raw', size: 128 } },
    workers: 2,
    pack: packPixels,
  });
  const working = Promise.allSettled([
    pool.run([picture, picture, picture, picture]),
    pool.run([picture, picture]),
  ]);
  await new Promise((resolve) => setTimeout(resolve, turn % 7));
  await pool.close();
  const results = await working;
  process.stdout.write(`${results.map(({ status }) => status).join(' ')}\n`);
}
