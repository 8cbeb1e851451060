import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/prepare.ts'],
    // Files run side by side, each with its own data directory; a third fills the waits of the others on two cores.
    maxWorkers: 3,
    // Files share what they import: importing everything anew for each would cost a sixth of the whole run.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
