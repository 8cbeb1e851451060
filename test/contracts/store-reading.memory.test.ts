import { createMemoryStore } from '../../src/adapters/store/memory.ts';
import { storeReadingContract } from './store-reading.contract.ts';

storeReadingContract('memory', async () => createMemoryStore({ clock: () => new Date().toISOString() }));
