/** `Retry-After` of RFC 9110: seconds, or a date. */

/** Seconds, `longest` at most; null where it is absent or says nothing. `now`: milliseconds since 1970. */
export function readRetryAfter(
  header: string | readonly string[] | undefined,
  longest: number,
  now = Date.now(),
): number | null {
  const text = (typeof header === 'string' ? header : header?.[0])?.trim() ?? '';
  if (/^\d{1,15}$/.test(text)) return Math.min(Number(text), longest);
  if (!/^[A-Za-z]{3,9}, .* GMT$/.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.min(Math.max(0, Math.ceil((at - now) / 1000)), longest);
}
