/**
 * The process that gets killed: opens the store of the given directory with full durability and writes until it dies,
 * four writers at once. Each line it prints is a promise: `<product> <revision>` is durable.
 */
import { writeSync } from 'node:fs';
import { createPgliteStore } from '../../../src/adapters/store/pglite.ts';
import { writeOf } from '../../contracts/sample-tags.ts';
import { quiet } from './quiet-log.ts';

const [directory, round] = process.argv.slice(2);
const store = await createPgliteStore({ directory: directory!, durability: 'full', log: quiet });
writeSync(1, 'open\n');

async function write(writer: number): Promise<void> {
  for (let index = 0; ; index++) {
    // Every other write revises the product before it.
    const id = `round-${round}-${writer}-${index >> 1}`;
    const { revision } = await store.saveTags(writeOf(id, { title: `${id} ${index & 1}` }));
    writeSync(1, `${id} ${revision}\n`);
  }
}

await Promise.all([0, 1, 2, 3].map(write));
