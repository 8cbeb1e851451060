/** The same picture twice at once is written once: both wait for it, so neither resolves before it is durable. */
import { checkedSha256 } from './content-key.ts';

export interface OneWrite {
  put(sha256: string, bytes: Uint8Array): Promise<void>;
  /** Resolves once no write of this picture is under way, however it ended. */
  settled(sha256: string): Promise<void>;
}

export function oneWriteAtATime(write: (sha256: string, bytes: Uint8Array) => Promise<void>): OneWrite {
  const writing = new Map<string, Promise<void>>();
  return {
    async put(sha256, bytes) {
      checkedSha256(sha256);
      let work = writing.get(sha256);
      if (!work) {
        work = write(sha256, bytes).finally(() => writing.delete(sha256));
        writing.set(sha256, work);
      }
      await work;
    },
    async settled(sha256) {
      await writing.get(sha256)?.catch(() => {});
    },
  };
}
