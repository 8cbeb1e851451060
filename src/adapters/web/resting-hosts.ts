/** Hosts that asked to be left alone for a while. */

export interface RestingHosts {
  /** Seconds until the host may be asked again; null where it may be now. */
  left(host: string): number | null;
  rest(host: string, seconds: number): void;
}

/** Hosts are strangers' words: no more than these are remembered, the oldest forgotten first. */
const most = 1_000;

export function createRestingHosts(now: () => number = () => performance.now()): RestingHosts {
  const until = new Map<string, number>();
  return {
    left(host) {
      const end = until.get(host);
      if (end === undefined) return null;
      if (end > now()) return Math.ceil((end - now()) / 1000);
      until.delete(host);
      return null;
    },
    rest(host, seconds) {
      if (seconds <= 0) return;
      until.delete(host);
      until.set(host, now() + seconds * 1000);
      const [oldest] = until.keys();
      if (until.size > most && oldest !== undefined) until.delete(oldest);
    },
  };
}
