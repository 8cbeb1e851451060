/** Imports as the wire gives them. */
import { z } from 'zod';
import type { Import } from '../application/ports-imports.ts';
import { importStates } from '../application/ports-imports.ts';
import { errorKinds } from '../domain/errors.ts';
import { problemSchema } from './wire-schemas.ts';

const codes = z.enum(Object.keys(errorKinds) as [string, ...string[]]);
const count = z.int().min(0);

export const importSourceSchema = z
  .union([
    z.strictObject({ url: z.string().min(1).max(2048) }),
    z.strictObject({ s3: z.string().min(1).max(2048) }),
  ])
  .meta({
    id: 'ImportSource',
    description:
      'A file of lines: fetched by https from the public internet or from FETCH_ALLOW_ORIGINS, or `s3://bucket/key` below S3_ALLOW_PREFIXES.',
  });

export const importSchema = z
  .strictObject({
    id: z.uuid(),
    state: z.enum(importStates),
    dryRun: z.boolean().meta({ description: 'Planned only: nothing is tagged.' }),
    source: z
      .union([z.strictObject({ body: z.literal(true) }), importSourceSchema])
      .meta({ description: 'A URL is shown without its query.' }),
    plan: z.strictObject({
      total: count.meta({ description: 'Lines, blank ones left out.' }),
      invalid: count.meta({ description: 'Lines that cannot be read: they are failures.' }),
      repeated: count.meta({ description: 'Lines that a later one of the same product repeats.' }),
      images: count,
      estimate: z.strictObject({ inferences: count.nullable(), seconds: z.number().min(0).nullable() }).meta({
        description:
          '`inferences`: distinct images that were never fetched before. Null: not known, or not measured.',
      }),
    }),
    progress: z.strictObject({
      done: count.meta({ description: 'The other three together; `plan.total` at the end.' }),
      changed: count.meta({ description: 'Lines after which a product had a new revision.' }),
      unchanged: count,
      failed: count,
      ratePerSecond: z.number().min(0).nullable().meta({ description: 'Lines, lately.' }),
      etaSeconds: z.number().min(0).nullable(),
    }),
    error: z
      .strictObject({ code: codes, detail: z.string() })
      .nullable()
      .meta({ description: 'Why it failed, or why its source was not read yet.' }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().nullable(),
  })
  .meta({
    id: 'Import',
    description: 'Kept for 90 days once it is over; its failures for 30.',
  });

const next = z.string().nullable().meta({ description: 'The `cursor` of the page after; null at the end.' });

export const importPageSchema = z
  .strictObject({ items: z.array(importSchema), next })
  .meta({ id: 'ImportPage' });

export const importFailuresSchema = z
  .strictObject({
    items: z.array(
      z.strictObject({
        line: z.int().min(1),
        productId: z.string().nullable(),
        code: codes,
        detail: z.string(),
        errors: z
          .array(problemSchema.shape.errors.unwrap().element)
          .meta({ description: 'Every problem of a line that cannot be read, with pointers into it.' }),
      }),
    ),
    next,
  })
  .meta({ id: 'ImportFailures' });

export type WireImport = z.infer<typeof importSchema>;

export function wireImport({ id, state, dryRun, source, ...rest }: Import): WireImport {
  const named =
    source.kind === 'body'
      ? { body: true as const }
      : source.kind === 'url'
        ? { url: source.url }
        : { s3: source.uri };
  return { id, state, dryRun, source: named, ...rest };
}
