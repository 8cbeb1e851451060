/**
 * Things that arrive one by one and are best taken on together. The first goes at once; those that come while it is on its way wait for
 * its end, 20 ms at most, and then go as a group. One that a group fails with fails alone.
 */
import { HangtagError } from '../domain/errors.ts';

export interface GroupArrivalsNeeds<T, R> {
  /** All of them or none; results in the order of the items. */
  readonly take: (items: readonly T[]) => Promise<readonly R[]>;
  /** Milliseconds. */
  readonly longestWait?: number;
  /** Items in a group, at most. */
  readonly most?: number;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

export function groupArrivals<T, R>({
  take,
  longestWait = 20,
  most = 100,
}: GroupArrivalsNeeds<T, R>): (item: T) => Promise<R> {
  let waiting: Waiting<T, R>[] = [];
  let under = 0;
  let planned: ReturnType<typeof setTimeout> | null = null;

  async function go(group: readonly Waiting<T, R>[]): Promise<void> {
    under++;
    try {
      const results = await take(group.map(({ item }) => item));
      for (const [index, { resolve }] of group.entries()) resolve(results[index]!);
    } catch (error) {
      await alone(group, error);
    } finally {
      under--;
      if (waiting.length > 0) flush();
    }
  }
  /** Whose fault it is, only trying tells; but nobody is helped by trying a store that is away once for each. */
  async function alone(group: readonly Waiting<T, R>[], error: unknown): Promise<void> {
    const passing = error instanceof HangtagError && error.kind.retryable;
    for (const { item, resolve, reject } of group) {
      if (group.length === 1 || passing) reject(error);
      else
        await take([item]).then(
          ([result]) => resolve(result!),
          (own: unknown) => reject(own),
        );
    }
  }
  function flush(): void {
    if (planned) {
      clearTimeout(planned);
      planned = null;
    }
    while (waiting.length > 0) {
      const group = waiting.slice(0, most);
      waiting = waiting.slice(most);
      void go(group);
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (waiting.length >= most) flush();
      // What arrives in the same turn goes together.
      else planned ??= setTimeout(flush, under === 0 ? 0 : longestWait);
    });
}
