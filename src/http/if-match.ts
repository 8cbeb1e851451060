/** `If-Match` (RFC 9110, 13.1.1): which revisions the caller has seen. */
import { HangtagError } from '../domain/errors.ts';

const entityTag = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;
const revision = /^[1-9]\d{0,9}$/;

/**
 * The revisions that it names; null for none and for `*`, which take any. A weak tag and one that we never gave match
 * nothing, so the list may be empty. Throws `request.malformed` where it is no list of entity tags.
 */
export function readIfMatch(header: string | undefined): readonly number[] | null {
  if (header === undefined || header.trim() === '*') return null;
  // A comma inside a tag would be allowed, but none of ours has one, and neither do the pieces match then.
  const tags = header
    .split(',')
    .map((text) => text.trim())
    .filter(Boolean);
  if (tags.length === 0) throw noTags();
  return tags.flatMap((text): number[] => {
    const found = entityTag.exec(text);
    if (!found) throw noTags();
    const [, weak, tag = ''] = found;
    return weak === undefined && revision.test(tag) ? [Number(tag)] : [];
  });
}

function noTags(): HangtagError {
  return new HangtagError('request.malformed', 'If-Match is a revision in quotes, as ETag gives it.');
}
