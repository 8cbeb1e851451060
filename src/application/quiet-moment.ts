/** Callers who wait for an answer come first: bulk work asks here before each of its steps. */
import type { Services } from './tag-request.ts';

export interface LiveRequests {
  /** The same call, counted while it is in work. */
  counted(tagProduct: Services['tagProduct']): Services['tagProduct'];
  busy(): boolean;
  /** Resolves once no caller waits, or after two seconds: bulk work is slow then, and does not stand still. */
  quiet(): Promise<void>;
}

/** Milliseconds. */
const patience = { most: 2_000, every: 50 };

export function createLiveRequests({ most, every }: typeof patience = patience): LiveRequests {
  let inWork = 0;
  return {
    counted:
      (tagProduct) =>
      async (...call) => {
        inWork++;
        try {
          return await tagProduct(...call);
        } finally {
          inWork--;
        }
      },
    busy: () => inWork > 0,
    async quiet() {
      const until = performance.now() + most;
      while (inWork > 0 && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, every));
    },
  };
}
