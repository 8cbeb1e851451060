/**
 * `npm run bench:rescoring`: what deciding a product from stored vectors costs, as ratios measured in one run, interleaved: against the
 * plain formulation, against an image pass, and against a matrix product in onnxruntime. An image pass is decoding a picture of 400
 * pixels and CLIP ViT-B/32 in int8, four pictures at a time. The model's part is reckoned from the speed of a matrix product here and
 * now: it runs at 4.5 times that of float32 (`npm run bench:clip` measures the model itself). BENCH_IMAGE_MS says the whole, CPU ms.
 */
import * as ort from 'onnxruntime-node';
import { createSharpReader } from '../src/adapters/image/sharp.ts';
import { decideProduct } from '../src/domain/tagging/decide-product.ts';
import { createPictureLogits } from '../src/domain/tagging/picture-logits.ts';
import { captionedBank, loadTaxonomy, pictureOf } from '../test/domain/tagging/captioned-world.ts';
import { decideProduct as plainly } from '../test/domain/tagging/plain/decide-product.ts';
import { logitsOf } from '../test/domain/tagging/plain/similarity.ts';
import { median } from './load.ts';
import { matrixProduct } from './matrix-product.ts';
import { photo } from './pictures.ts';

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const known = process.env.BENCH_IMAGE_MS;
/** Operations of the image tower for one picture, and how much faster int8 in fours is than a float32 product. */
const towerGflop = 8.82;
const int8Gain = 4.5;
const dim = 512;

const taxonomy = await loadTaxonomy();
const bank = captionedBank(taxonomy, dim);
const meaning = { taxonomy, bank, calibration: null };
const kinds = 120;
const made = Array.from({ length: kinds }, (_, kind) =>
  Array.from({ length: 8 }, (_, index) => pictureOf(taxonomy, bank, kind, index)),
);

/** Microseconds of CPU. */
function cost(count: number, work: (n: number) => void): number {
  for (let n = 0; n < kinds; n++) work(n);
  const before = process.cpuUsage();
  for (let n = 0; n < count; n++) work(n);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

const deciding = (decide: typeof decideProduct, pictures: number) => (n: number) => {
  const images = made[n % kinds]!.slice(0, pictures);
  decide(meaning, { images, category: null, attributes: null, explain: false });
};

/** As many rows as a product meets: categories, what is asked of every picture, and a profile. */
const rows = 600;
const data = Float32Array.from(
  { length: rows * dim },
  (_, index) => Math.sin(index * 1.7) / Math.sqrt(dim / 2),
);
const plainRows = { ids: Array.from({ length: rows }, (_, row) => `${row}`), data };
const logits = createPictureLogits({ dim, scale: 100 });
const compiledRows = logits.rows(plainRows);
const batch = 256;
const session = await ort.InferenceSession.create(matrixProduct(batch, dim, rows), {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const matrix = {
  a: new ort.Tensor('float32', Float32Array.from({ length: batch * dim }, Math.cos), [batch, dim]),
  b: new ort.Tensor('float32', data, [dim, rows]),
};
const side = 1024;
const large = await ort.InferenceSession.create(matrixProduct(side, side, side), {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const square = new ort.Tensor('float32', Float32Array.from({ length: side ** 2 }, Math.cos), [side, side]);

/** Microseconds of CPU. */
async function each(turns: number, work: () => Promise<unknown>): Promise<number> {
  await work();
  const before = process.cpuUsage();
  for (let turn = 0; turn < turns; turn++) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / turns;
}
const reader = createSharpReader({ concurrency: 1 });
const upload = await photo(400, 533, 82);
async function imagePass(): Promise<number> {
  const spec = { size: 224, fit: 'crop', kernel: 'cubic' } as const;
  const decode = await each(10, () => reader.prepare(upload, spec));
  const product = await each(4, () => large.run({ a: square, b: square }));
  const speed = (2 * side ** 3) / product / 1000;
  return decode + (towerGflop / (speed * int8Gain)) * 1e6;
}

const found: Record<string, number[]> = {};
const note = (name: string, value: number) => {
  found[name] ??= [];
  found[name].push(value);
};
for (let round = 0; round < rounds; round++) {
  note('plain 1', cost(100, deciding(plainly, 1)));
  note('compiled 1', cost(600, deciding(decideProduct, 1)));
  note('plain 8', cost(30, deciding(plainly, 8)));
  note('compiled 8', cost(200, deciding(decideProduct, 8)));
  note(
    'rows plain',
    cost(200, (n) => logitsOf(made[n % kinds]![0]!.vector, plainRows, 100)),
  );
  note(
    'rows compiled',
    cost(800, (n) => {
      logits.take([made[n % kinds]![0]!.vector]);
      compiledRows.logits(0);
    }),
  );
  note('rows runtime', (await each(8, () => session.run(matrix))) / batch);
  note('image pass', known ? Number(known) * 1000 : await imagePass());
}
const of = (name: string) => median(found[name]!);

function report(name: string, measured: number, goal: number | null, better: 'more' | 'less' = 'more'): void {
  const met = goal === null || (better === 'more' ? measured >= goal : measured <= goal);
  const aim = goal === null ? '' : `  (goal ${better === 'more' ? '>=' : '<='} ${goal})`;
  console.log(`${met ? 'met   ' : 'MISSED'}  ${measured.toFixed(3).padStart(8)}${aim}  ${name}`);
}
console.log('CPU µs of one decision, or of one vector against 600 rows:');
for (const name of Object.keys(found)) console.log(`  ${name.padEnd(14)} ${of(name).toFixed(1)}`);
report('a product with 1 picture: plain / compiled', of('plain 1') / of('compiled 1'), null);
report('a product with 8 pictures: plain / compiled', of('plain 8') / of('compiled 8'), null);
report('600 rows: plain JavaScript / compiled', of('rows plain') / of('rows compiled'), null);
report('G10 deciding / an image pass, 1 picture', of('compiled 1') / of('image pass'), 0.03, 'less');
report(
  'G5 an image pass / scoring it again, products with 1 picture',
  of('image pass') / of('compiled 1'),
  50,
);
report('G5 the same, products with 8 pictures', (8 * of('image pass')) / of('compiled 8'), 50);
report(
  'G5 600 rows: onnxruntime, 256 vectors at once / compiled, one',
  of('rows runtime') / of('rows compiled'),
  0.25,
);
