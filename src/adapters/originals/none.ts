/** For services that must not keep pictures: accepts everything, keeps nothing. */
import type { Originals } from '../../application/ports-originals.ts';
import { checkedSha256 } from './content-key.ts';

export function createNoOriginals(): Originals {
  return {
    async put(sha256) {
      checkedSha256(sha256);
    },
    async get(sha256) {
      checkedSha256(sha256);
      return null;
    },
    async delete(sha256) {
      checkedSha256(sha256);
    },
    list: async () => ({ items: [], next: null }),
    own: async (owner) => owner,
    async ping() {},
  };
}
