/** GFLOP/s of a 2048 x 2048 x 2048 matrix product in one thread of onnxruntime: what this machine can do at all. */
import path from 'node:path';
import * as ort from 'onnxruntime-node';

const session = await ort.InferenceSession.create(path.join(process.argv[2]!, 'gemm.onnx'), {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const side = 2048;
const values = Float32Array.from({ length: side * side }, (_, index) => (index % 97) / 97);
const tensor = () => new ort.Tensor('float32', values, [side, side]);
const run = () => session.run({ a: tensor(), b: tensor() });
await run();
const before = process.cpuUsage();
const times = 6;
for (let turn = 0; turn < times; turn++) await run();
const { user, system } = process.cpuUsage(before);
process.stdout.write(String((2 * side ** 3 * times) / ((user + system) * 1000)));
