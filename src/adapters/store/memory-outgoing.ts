/** Nobody is told of anything: for commands that only answer. */
import type { OutgoingBooks } from '../../application/ports-outgoing.ts';

export const noOutgoing: OutgoingBooks = {
  feed: { place: async () => 0, read: async () => ({ bodies: [], position: 0 }) },
  subscriptions: {
    add: async () => false,
    find: async () => null,
    list: async () => [],
    remove: async () => {},
    enable: async () => false,
    sealedSecret: async () => null,
    anySealed: async () => null,
  },
  deliveries: {
    list: async () => [],
    retry: async () => false,
    due: async () => [],
    claim: async () => null,
    settle: async () => false,
    release: async () => {},
    waiting: async () => 0,
  },
  onAnnounced: () => {},
};
