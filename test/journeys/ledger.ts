/**
 * What a client may count on, product by product: the state that was acknowledged last, or, where an answer never came,
 * the states that are possible. Held against the service after every crash.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

/** As much of a TagSet as is compared by hand. */
export interface Found {
  readonly revision: number;
  readonly images: readonly { readonly sha256?: string }[];
  readonly attributes: Readonly<
    Record<string, { readonly source: string; readonly values: readonly { readonly id: string }[] }>
  >;
}

/** A state that a product may be in; `found` null: there is none. */
export interface State {
  readonly name: string;
  fits(found: Found | null): boolean;
}

export const absent: State = { name: 'absent', fits: (found) => found === null };
export const exactly = (tagSet: Found): State => ({
  name: `exactly revision ${tagSet.revision}`,
  fits: (found) => isDeepStrictEqual(found, tagSet),
});

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

interface Account {
  states: readonly State[];
  /** The TagSet that was acknowledged or seen last; null where the product is gone or was never there. */
  current: Found | null;
  /** The highest revision that was ever seen: it never restarts. */
  lastRevision: number;
  /** Pictures that this product alone has used and that its deletion, once acknowledged, must have removed. */
  own: Set<string>;
  gone: Set<string>;
}

export interface Ledger {
  readonly acknowledged: Readonly<Record<'tagged' | 'reviewed' | 'deleted', number>>;
  ids(): readonly string[];
  account(id: string): Readonly<Account>;
  /** False while an answer is missing: the product has to be read before anything else is done to it. */
  isCertain(id: string): boolean;
  /** Before sending: what may stand afterwards, besides what stands now. */
  attempt(id: string, after: State): void;
  /** The answer says that nothing happened. */
  refused(id: string): void;
  tagged(id: string, answer: Found, ownPicture: string | null): void;
  reviewed(id: string, answer: Found): void;
  deleted(id: string): void;
  /** Settles what stands; gives what is wrong with it. */
  settle(id: string, found: Found | null): string[];
}

export function createLedger(): Ledger {
  const accounts = new Map<string, Account>();
  const acknowledged = { tagged: 0, reviewed: 0, deleted: 0 };
  const account = (id: string): Account => {
    const known = accounts.get(id);
    if (known) return known;
    const fresh: Account = {
      states: [absent],
      current: null,
      lastRevision: 0,
      own: new Set(),
      gone: new Set(),
    };
    accounts.set(id, fresh);
    return fresh;
  };
  const stands = (id: string, current: Found | null) => {
    const known = account(id);
    known.states = [current ? exactly(current) : absent];
    known.current = current;
    known.lastRevision = Math.max(known.lastRevision, current?.revision ?? 0);
  };

  return {
    acknowledged,
    ids: () => [...accounts.keys()],
    account,
    isCertain: (id) => account(id).states.length === 1,
    attempt(id, after) {
      const known = account(id);
      known.states = [...known.states, after];
    },
    refused(id) {
      const known = account(id);
      known.states = known.states.slice(0, 1);
    },
    tagged(id, answer, ownPicture) {
      stands(id, answer);
      if (ownPicture) account(id).own.add(ownPicture);
      acknowledged.tagged++;
    },
    reviewed(id, answer) {
      stands(id, answer);
      acknowledged.reviewed++;
    },
    deleted(id) {
      const known = account(id);
      for (const picture of known.own) known.gone.add(picture);
      known.own.clear();
      stands(id, null);
      acknowledged.deleted++;
    },
    settle(id, found) {
      const { states } = account(id);
      const wrong = states.some((state) => state.fits(found))
        ? []
        : [
            `${id}: revision ${found?.revision ?? 'none'}, but may be ${states.map(({ name }) => name).join(' or ')}`,
          ];
      const known = account(id);
      if (found === null) for (const picture of known.own) known.gone.add(picture);
      if (found === null) known.own.clear();
      stands(id, found);
      return wrong;
    },
  };
}

const place = (dataDir: string, picture: string) =>
  path.join(dataDir, 'originals', picture.slice(0, 2), picture);

/** Originals of what stands that are not on the disk, whole. */
export function originalsMissing(ledger: Ledger, dataDir: string): string[] {
  const isThere = (picture: string) => {
    const file = place(dataDir, picture);
    return existsSync(file) && sha256(readFileSync(file)) === picture;
  };
  return ledger.ids().flatMap((id) => {
    const kept = (ledger.account(id).current?.images ?? []).flatMap((image) => image.sha256 ?? []);
    return kept.filter((picture) => !isThere(picture)).map((picture) => `${id}: ${picture} is missing`);
  });
}

/** Originals of what was deleted, also by calls that were cut off, once the service has had time to sweep. */
export async function originalsLeft(ledger: Ledger, dataDir: string): Promise<string[]> {
  const left = () =>
    ledger.ids().flatMap((id) => {
      const { gone } = ledger.account(id);
      return [...gone].filter((one) => existsSync(place(dataDir, one))).map((one) => `${id}: ${one} is left`);
    });
  for (const end = performance.now() + 20_000; left().length > 0 && performance.now() < end; )
    await sleep(250);
  return left();
}
