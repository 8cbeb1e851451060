/** The files of `taxonomy/` and `calibration/`, structurally. Strict: a misspelt key is a problem, not ignored. */
import { z } from 'zod';

/** Ids are keys of plain objects, so none may be a word that every object knows (`constructor`). */
const id = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be kebab-case')
  .refine((word) => !(word in Object.prototype), 'is a reserved word');
const text = z.string().min(1);
const texts = z.array(text);
/** Printable and short: it stands in addresses, and is a key of the store. */
const label = z
  .string()
  .regex(/^[!-~]{1,200}$/, 'must be 1 to 200 printable ASCII characters without spaces');
const mapping = z.strictObject({
  handle: text.optional(),
  gid: z.string().regex(/^gid:\/\/shopify\//),
  match: z.enum(['exact', 'broader']),
});

export const taxonomyFile = z.strictObject({
  id: id.max(100),
  version: z
    .string()
    .max(50)
    .regex(/^\d+\.\d+\.\d+$/, 'must be a semantic version'),
  sources: z.record(z.string(), text),
  templates: texts.min(1),
  siglip_templates: texts.min(1),
  reject_prompts: texts.min(1),
  scopes: z.record(id, z.array(id)),
  color_families: z.record(id, z.array(id).min(1)),
  attributes: z.array(id).min(1),
});

export const categoriesFile = z.array(
  z.strictObject({
    id,
    name: text,
    parent: id.nullable(),
    profile: id.optional(),
    noun: text,
    plural: z.boolean().default(false),
    prompts: texts.min(1),
    synonyms: texts.default([]),
  }),
);

export const profilesFile = z.record(
  id,
  z.strictObject({
    extends: id.nullable(),
    noun: text,
    plural: z.boolean().default(false),
    abstract: z.boolean().default(false),
    attributes: z.array(id),
    without: z.array(id).default([]),
  }),
);

export const attributeFile = z.strictObject({
  name: text,
  description: text,
  scope: z.enum(['image', 'product', 'variant']),
  selection: z.enum(['single', 'multi']),
  max_values: z.int().min(2).optional(),
  scoring: z.enum(['softmax', 'binary-contrast', 'ranked-softmax']),
  reliability: z.enum(['high', 'medium', 'low']),
  policy: z.enum(['decide', 'suggest-only']).default('decide'),
  policy_note: text.optional(),
  views: z.array(id).min(1).optional(),
  presentations: z.array(id).min(1).optional(),
  requires: z.array(z.strictObject({ attribute: id, any_of: z.array(id).min(1) })).default([]),
  null_prompts: texts.default([]),
  neutral_prompts: texts.default([]),
  values: z
    .array(
      z.strictObject({
        id,
        name: text,
        hex: z
          .string()
          .regex(/^#[0-9a-fA-F]{6}$/, 'must be #rrggbb')
          .optional(),
        family: id.optional(),
        description: text.optional(),
        rule: text.optional(),
        prompts: texts,
        synonyms: texts.default([]),
        profiles: z.array(id).min(1).optional(),
        categories: z.array(id).min(1).optional(),
        deprecated: z.boolean().default(false),
        replaced_by: id.optional(),
      }),
    )
    .min(2),
});

export const shopifyFile = z.strictObject({
  categories: z.record(
    id,
    z.strictObject({
      gid: z.string().regex(/^gid:\/\/shopify\//),
      match: z.enum(['exact', 'broader']),
      path: text,
      attributes: z.record(id, texts).optional(),
    }),
  ),
  attributes: z.record(id, z.array(z.strictObject({ handle: text, gid: text.nullable() }))),
  values: z.record(text, z.strictObject({ values: z.array(mapping).default([]), category: text.optional() })),
});

export const googleFile = z.strictObject({
  categories: z.record(id, z.strictObject({ id: z.int().positive(), path: text, via: text })),
  attributes: z.record(id, text),
  values: z.record(text, text),
});

export const schemaOrgFile = z.strictObject({ attributes: z.record(id, text) });

const fitted = z.strictObject({
  temperature: z.number().positive(),
  accept: z.number().min(0).max(1),
  margin: z.number().min(0).max(1),
  status: z.enum(['accept', 'suggest']),
  precision: z.number().min(0).max(1).nullable(),
  coverage: z.number().min(0).max(1).nullable(),
});

export const calibrationFile = z.strictObject({
  id: label,
  model: label,
  taxonomy: label,
  category: fitted.nullable(),
  attributes: z.record(id, fitted),
});

/** What `taxonomy/schema.json` says, for editors; rules across files (`domain/taxonomy/problems.ts`) are beyond it. */
export function taxonomyJsonSchema(): Record<string, unknown> {
  const files = {
    taxonomy: taxonomyFile,
    categories: categoriesFile,
    profiles: profilesFile,
    attribute: attributeFile,
    shopify: shopifyFile,
    google: googleFile,
    'schema-org': schemaOrgFile,
  };
  const definitions = Object.entries(files).map(([name, schema]) => {
    const { $schema: _, ...definition } = z.toJSONSchema(schema, { io: 'input' });
    return [name, definition];
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $defs: Object.fromEntries(definitions),
  };
}
