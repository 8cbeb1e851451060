/** A value held against the shape of its file: what it is, or everything that is wrong with it. */
import type { z } from 'zod';
import type { TaxonomyProblem } from '../../domain/taxonomy/documents.ts';

/** Null where anything was wrong, which is in `problems` then. */
export function checked<S extends z.ZodType>(
  file: string,
  value: unknown,
  schema: S,
  problems: TaxonomyProblem[],
): z.infer<S> | null {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    // Of a wrong key, what is wrong with it, not only that it is.
    const reasons = issue.code === 'invalid_key' ? issue.issues : [issue];
    for (const { message } of reasons) problems.push({ file, path: issue.path.join('.'), message });
  }
  return null;
}
