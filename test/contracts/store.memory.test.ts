import { createMemoryStore } from '../../src/adapters/store/memory.ts';
import { storeContract } from './store.contract.ts';

storeContract('memory', async () => createMemoryStore({ clock: () => new Date().toISOString() }));
