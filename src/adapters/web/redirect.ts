/** Where a server sends us: judged anew, like the URL that was given. */
import { judgeUrl, type Origins } from './allowed-url.ts';
import { refused } from './fetch-faults.ts';

/** Throws `image.fetch_refused`. */
export function follow(location: string | undefined, from: URL, allowed: Origins): URL {
  if (location === undefined) throw refused('It is redirected to nowhere.');
  const judged = judgeUrl(location, allowed, from);
  if ('reason' in judged) throw refused(`It is redirected to a URL that is not fetched: ${judged.reason}.`);
  return judged.url;
}

/** A header's value; the first of several. */
export function one(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
