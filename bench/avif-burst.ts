/**
 * 16 AVIF pictures of 12 MP at once. `admitted`: as the service decodes; `open`: as many at once as there are threads.
 * Prints peak memory over idle, MiB. A child of its own, so that the peak is its own.
 */
import sharp from 'sharp';
import { createSharpReader } from '../src/adapters/image/sharp.ts';
import { asAnother, photo } from './pictures.ts';
import { memory } from './process.ts';

const open = process.argv[2] === 'open';
const reader = createSharpReader({ concurrency: open ? 1000 : 2 });
const spec = { size: 128, fit: 'squash', kernel: 'cubic' } as const;
const avif = await sharp(await photo(4000, 3000, 82))
  .avif({ quality: 50, effort: 0 })
  .toBuffer();
await reader.prepare(await photo(400, 533, 82), spec);
// Drawing the picture took far more than reading small ones does: count from here.
const { writeFileSync } = await import('node:fs');
writeFileSync('/proc/self/clear_refs', '5');
const before = memory(process.pid).now;
await Promise.all(
  Array.from({ length: 16 }, (_, n) => reader.prepare(asAnother(avif, `n${n}`), spec).catch(() => {})),
);
process.stdout.write(`${memory(process.pid).peak - before}\n`);
