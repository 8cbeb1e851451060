import { createMemoryStore } from '../../src/adapters/store/memory.ts';
import { removalContract } from './removal.contract.ts';

removalContract({
  name: 'memory',
  open: async () => createMemoryStore({ clock: () => new Date().toISOString() }),
  orders: 700,
  fresh: true,
});
