import { createMemoryStore } from '../../src/adapters/store/memory.ts';
import { catalogContract } from './catalog.contract.ts';

catalogContract('in memory', async () => {
  const store = createMemoryStore({ clock: () => new Date().toISOString() });
  return { store, catalog: store.catalog };
});
