import { createMemoryMeanings } from '../../src/adapters/store/memory-meanings.ts';
import { meaningsContract } from './meanings.contract.ts';

meaningsContract('in memory', async () => ({
  meanings: createMemoryMeanings({ clock: () => new Date().toISOString() }),
  close: async () => {},
}));
