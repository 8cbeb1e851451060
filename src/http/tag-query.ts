/** The query of `POST /products/:id/tags`, checked; every mistake named with its pointer. */
import { z } from 'zod';
import { HangtagError, type Problem } from '../domain/errors.ts';
import { pointerKey } from '../domain/review/refusal.ts';
import { attributeId } from '../domain/taxonomy/attribute-words.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';

/** Mistakes named in one answer, at most. */
const maxProblems = 50;

const flag = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');

const query = z.strictObject({
  attributes: z.string().optional(),
  category: z.string().max(256).optional(),
  minConfidence: z
    .string()
    .regex(/^(0|1|0?\.\d{1,20}|1\.0{1,20})$/, 'must be a number from 0 to 1')
    .transform(Number)
    .default(0),
  explain: flag.default(false),
  store: flag.default(true),
  async: flag.default(false),
});

export interface TagQuery {
  readonly attributes: readonly string[] | null;
  readonly category: string | null;
  readonly minConfidence: number;
  readonly explain: boolean;
  readonly store: boolean;
  /** Accept now, tag later. */
  readonly async: boolean;
}

export function parseTagQuery(raw: unknown, taxonomy: Taxonomy): TagQuery {
  const parsed = query.safeParse(raw);
  if (!parsed.success) throw malformed(problemsOf(parsed.error, 'query'));
  const { attributes, category, minConfidence, explain, store, async } = parsed.data;
  if (async && !store) {
    const detail = 'store=false answers only, and async=true answers later: use one of them.';
    throw malformed([{ code: 'request.malformed', detail, pointer: '/query/store' }]);
  }
  return {
    attributes: attributes === undefined ? null : parseAttributes(attributes, taxonomy),
    category: category?.trim() || null,
    minConfidence,
    explain,
    store,
    async,
  };
}

function parseAttributes(list: string, taxonomy: Taxonomy): readonly string[] {
  const ids = list.split(',').map((name) => attributeId(name.trim()));
  const problems = ids.flatMap((id, index): Problem[] => {
    const attribute = taxonomy.attributeById.get(id);
    if (attribute && attribute.scope !== 'image') return [];
    const detail = `${JSON.stringify(id.slice(0, 80))} is not an attribute of products.`;
    return [{ code: 'attribute.not_found', detail, pointer: `/query/attributes/${index}` }];
  });
  if (problems.length > 0) throw malformed(problems.slice(0, maxProblems));
  return [...new Set(ids)];
}

export function problemsOf(error: z.ZodError, root: string): Problem[] {
  return error.issues.slice(0, maxProblems).map((issue) => ({
    code: 'request.malformed',
    // It may quote the caller's own keys, which can be megabytes.
    detail: issue.message.slice(0, 300),
    pointer: `/${[root, ...issue.path.map((step) => pointerKey(String(step)))].filter(Boolean).join('/')}`,
  }));
}

export function malformed(errors: readonly Problem[]): HangtagError {
  const [first] = errors;
  const detail =
    errors.length === 1 && first ? `${first.pointer}: ${first.detail}` : `${errors.length} things are wrong.`;
  return new HangtagError('request.malformed', detail, { errors });
}
