/** Taxonomies and calibrations as the wire gives and takes them. */
import { z } from 'zod';
import type { CalibrationReport } from '../application/administer.ts';
import { changedThings, changeKinds } from '../domain/taxonomy/diff.ts';

const next = z.string().nullable().meta({ description: 'The `cursor` of the page after; null at the end.' });
const time = z.string().nullable();
const source = z
  .enum(['folder', 'uploaded'])
  .meta({ description: 'folder: what the service was started with; uploaded: by this call.' });

/** Characters of one file, at most. */
const longestFile = 4 * 2 ** 20;

export const taxonomyUpload = z
  .strictObject({
    files: z.record(z.string().max(200), z.string().max(longestFile)).meta({
      description:
        'Every file of the folder `taxonomy/` by its name there, as YAML text: `taxonomy.yaml`, `categories.yaml`, `profiles.yaml`, `attributes/<id>.yaml`, `mappings/shopify.yaml`, `mappings/google.yaml`, `mappings/schema-org.yaml`.',
    }),
  })
  .meta({ id: 'TaxonomyUpload' });

const change = z
  .strictObject({
    change: z.enum(changeKinds).meta({
      description:
        'added, removed: the id came or went, with all below it. renamed: another name. moved: another parent. rescoped: other products, pictures or numbers of values. retired: not given any more. restored: given again. prompts: other captions. scoring: decided another way. synonyms, mappings, colour, description: those. order: listed otherwise.',
    }),
    of: z.enum(changedThings),
    id: z.string().meta({ description: 'A value is `<attribute>/<value>`.' }),
    field: z.string().nullable().meta({ description: 'What of it; null where it came or went.' }),
    before: z.unknown(),
    after: z.unknown(),
  })
  .meta({ id: 'TaxonomyChange' });

const diff = z
  .strictObject({
    from: z.string().meta({ description: 'The active one: `<id>@<version>`.' }),
    to: z.string(),
    counts: z.partialRecord(z.enum(changeKinds), z.int()),
    changes: z.array(change),
  })
  .meta({ id: 'TaxonomyDiff', description: 'What it means otherwise than the active one.' });

const taxonomyFields = {
  version: z.string(),
  id: z.string(),
  contentHash: z.string().meta({ description: 'sha256 of its content: same meaning, same hash.' }),
  source,
  state: z.enum(['stored', 'preparing', 'active']).meta({
    description:
      'preparing: will be active as soon as its captions are known; `preparation` says how far it is.',
  }),
  createdAt: time.meta({ description: 'null for the folder’s.' }),
  activatedAt: time.meta({ description: 'Last time; null for never.' }),
  preparation: z
    .strictObject({
      captions: z.strictObject({ known: z.int(), total: z.int() }).nullable(),
      waitingFor: z.string().nullable().meta({ description: 'Why it does not go on just now.' }),
    })
    .nullable(),
  failure: z.string().nullable().meta({ description: 'Why its last activation came to nothing.' }),
};

export const taxonomyVersionSchema = z.strictObject(taxonomyFields).meta({ id: 'TaxonomyVersion' });
export const comparedTaxonomySchema = z
  .strictObject({ ...taxonomyFields, diff })
  .meta({ id: 'ComparedTaxonomyVersion' });
export const taxonomyPageSchema = z
  .strictObject({ items: z.array(taxonomyVersionSchema), next })
  .meta({ id: 'TaxonomyVersionPage' });

const share = z.number().min(0).max(1);
const fitted = z
  .strictObject({
    temperature: z.number(),
    accept: share,
    margin: share,
    status: z.enum(['accept', 'suggest']),
    precision: share.nullable(),
    coverage: share.nullable(),
  })
  .meta({ id: 'FittedThresholds', description: 'calibration/README.md' });

const calibrationFields = {
  id: z.string(),
  model: z.string().meta({ description: 'The model’s id: `id` of `GET /model`.' }),
  taxonomy: z.string().meta({ description: '`<taxonomy id>@<version>`' }),
  category: fitted.nullable(),
  attributes: z.record(z.string(), fitted),
};

export const calibrationUpload = z.strictObject(calibrationFields).meta({ id: 'CalibrationUpload' });
export const calibrationSchema = z
  .strictObject({
    ...calibrationFields,
    source,
    state: z
      .enum(['stored', 'active'])
      .meta({ description: 'active: the one that counts for its model under its taxonomy.' }),
    createdAt: time,
    activatedAt: time,
  })
  .meta({ id: 'Calibration' });
export const calibrationPageSchema = z
  .strictObject({ items: z.array(calibrationSchema), next })
  .meta({ id: 'CalibrationPage' });

export function wireCalibration({ calibration, ...standing }: CalibrationReport) {
  return { ...calibration, ...standing };
}
