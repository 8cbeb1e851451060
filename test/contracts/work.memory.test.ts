import { createMemoryQueue } from '../../src/adapters/queue/memory.ts';
import { createMemoryStore } from '../../src/adapters/store/memory.ts';
import { createMemoryFetchedImages } from '../../src/adapters/store/memory-fetched-images.ts';
import { createMemoryOperations } from '../../src/adapters/store/memory-operations.ts';
import { acceptingContract } from './accepting.contract.ts';
import { failuresContract } from './failures.contract.ts';
import { fetchedImagesContract } from './fetched-images.contract.ts';
import { turnsContract } from './turns.contract.ts';
import { workContract } from './work.contract.ts';

const clock = () => new Date().toISOString();

workContract('in memory', async () => {
  const { queue, enqueue } = createMemoryQueue();
  return { queue, operations: createMemoryOperations({ clock, enqueue }), close: async () => {} };
});
failuresContract('in memory', async () => {
  const { queue, enqueue } = createMemoryQueue();
  const { failures, ...operations } = createMemoryOperations({ clock, enqueue });
  return { queue, operations, failures, close: async () => {} };
});
turnsContract('in memory', async () => {
  const { queue, enqueue } = createMemoryQueue();
  return {
    queue,
    async enqueue(jobs, afterSeconds) {
      for (const job of jobs) enqueue(job, afterSeconds);
    },
    close: async () => {},
  };
});
fetchedImagesContract('in memory', async () => ({
  fetchedImages: createMemoryFetchedImages(),
  close: async () => {},
}));
acceptingContract('in memory', async () => createMemoryStore({ clock }));
