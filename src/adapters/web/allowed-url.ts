/**
 * Whether an address that somebody else wrote may be asked at all, as far as its text says. What its name resolves to is
 * checked when connecting (`guarded-agent.ts`).
 */
import { isIP } from 'node:net';
import { isPublicAddress } from './addresses.ts';

export type Judged = { readonly url: URL } | { readonly reason: string };

/** `http://127.0.0.1:8080`, as the URL standard writes it: scheme, host and port, no path. */
export type Origins = ReadonlySet<string>;

const longest = 2048;
/** Names that never leave a machine or a network. */
const inside = /(^|\.)(localhost|localdomain|local|internal|intranet|lan|home\.arpa)$/;
const name = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Of the option `allowOrigins`; throws a TypeError that names what is not an origin. */
export function readOrigins(texts: readonly string[]): Origins {
  return new Set(
    texts.map((text) => {
      const url = URL.canParse(text) ? new URL(text) : null;
      const plain = url && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
      if (!plain) throw new TypeError(`"${text}" is not an origin such as http://127.0.0.1:8080`);
      return url.origin;
    }),
  );
}

/**
 * `text`: absolute, or relative to `base`, which sent us there. `allowed`: scheme, port and address of these are taken as
 * they are. The reason is for the one who gave the URL and repeats nothing of it.
 */
export function judgeUrl(text: string, allowed: Origins, base?: URL): Judged {
  if (text.length > longest) return { reason: `it is longer than ${longest} characters` };
  // The parser would drop some of these and read others as slashes.
  if (/[\p{Cc}\\]|^\s|\s$/u.test(text)) {
    return { reason: 'it holds control characters, backslashes, or blanks around it' };
  }
  if (base === undefined && !/^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(text))
    return { reason: 'it is not a full URL' };
  if (!URL.canParse(text, base?.href)) return { reason: 'it is not a URL' };
  const url = new URL(text, base?.href);
  url.hash = '';
  if (url.href.length > longest) return { reason: `it is longer than ${longest} characters` };
  if (url.username !== '' || url.password !== '') return { reason: 'it holds a user name or a password' };
  if (allowed.has(url.origin)) return { url };
  if (url.protocol !== 'https:') return { reason: 'it is not https' };
  if (url.port !== '') return { reason: 'its port is not 443' };
  const reason = judgeHost(url.hostname);
  return reason === null ? { url } : { reason };
}

/** What may be said and logged of a URL: where it leads, never its query, which may hold a signature. */
export function placeOf(url: URL): string {
  return `${url.host}${url.pathname}`.slice(0, 200);
}

function judgeHost(hostname: string): string | null {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) !== 0) return isPublicAddress(bare) ? null : 'its address is not a public one';
  if (inside.test(hostname)) return 'its host is a name of this machine or network';
  return name.test(hostname) ? null : 'its host is not a full domain name';
}
