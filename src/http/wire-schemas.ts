/** The wire's shapes as schemas: what OpenAPI says and what tests hold every answer against. Enums are open to growth. */
import { z } from 'zod';
import { errorKinds } from '../domain/errors.ts';

const status = z.enum(['accepted', 'suggested', 'abstained', 'cleared']).meta({
  description:
    'accepted: in `tags` and lists. suggested: likely, to be looked at first. abstained: `reason` says why. cleared: a person or merchant says that it has none.',
});
const reason = z.enum(['below-threshold', 'ambiguous', 'not-visible']).meta({
  description:
    'Why the model abstained: its best value is not sure enough, too close to the next, or no picture shows it.',
});
const source = z
  .enum(['model', 'human', 'merchant'])
  .meta({ description: 'Who says so. No model overwrites the other two.' });
const share = z.number().min(0).max(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const provenance = z
  .strictObject({
    backend: z.string(),
    model: z.string().meta({ description: '<model id>@<fingerprint>' }),
    taxonomy: z.string().meta({ description: '<taxonomy id>@<version>' }),
    taxonomyHash: z.string().meta({ description: 'sha256 of the taxonomy’s content' }),
    calibration: z.string().nullable(),
    notSupported: z
      .array(z.string())
      .meta({ description: 'Attributes that apply and that this model cannot decide.' }),
    taggedAt: z.string(),
  })
  .meta({ id: 'Provenance' });

const candidate = z
  .strictObject({ id: z.string(), name: z.string(), confidence: share })
  .meta({ id: 'Candidate', description: 'What it may be; a review accepts it by its id.' });

const value = z.strictObject({
  id: z.string().nullable(),
  name: z.string(),
  confidence: share.nullable().meta({ description: 'Probability; null where a person or merchant spoke.' }),
  hex: z
    .string()
    .regex(/^#[0-9a-f]{6}$/)
    .optional()
    .meta({ description: 'Colour: as measured in the pixels.' }),
  share: share.optional().meta({ description: 'Colour: part of the product’s pixels.' }),
  evidence: z.enum(['pixel', 'model', 'both']).optional(),
});

const explanation = z
  .strictObject({
    mode: z.string(),
    accept: z.number(),
    margin: z.number(),
    temperature: z.number(),
    guard: z.string().nullable(),
    scores: z.array(z.strictObject({ id: z.string(), confidence: share, prompts: z.array(z.string()) })),
    none: share,
  })
  .meta({ id: 'Explanation' });

const decisionFields = {
  status,
  reason: reason.optional(),
  source,
  threshold: z.number().nullable().meta({ description: 'The model accepts from here on.' }),
  evidence: z.array(z.int()).optional().meta({ description: 'Indexes of the images that voted.' }),
  candidates: z
    .array(candidate)
    .max(5)
    .meta({ description: 'Best first; given where it abstains, and always with `explain=true`.' }),
  rejected: z
    .array(z.string())
    .meta({ description: 'Values that a person barred; no model gives them again before a `reset`.' }),
  reviewed: z
    .strictObject({ by: z.string().nullable(), at: z.string() })
    .nullable()
    .meta({ description: 'Who last said something about it, and when.' }),
  provenance: provenance.optional(),
  explain: explanation.optional(),
};

const decision = z.strictObject({ ...decisionFields, values: z.array(value) }).meta({ id: 'Decision' });
const categoryDecision = z
  .strictObject({ ...decisionFields, values: z.array(value.extend({ path: z.array(z.string()) })) })
  .meta({ id: 'CategoryDecision' });

export const tagSetSchema = z
  .strictObject({
    apiVersion: z.literal(1),
    productId: z.string(),
    revision: z.int().min(0).meta({ description: 'From 1; 0 where nothing was stored (`store=false`).' }),
    title: z.string().nullable(),
    category: categoryDecision,
    attributes: z.record(z.string(), decision).meta({
      description:
        'By attribute id. Absent: it does not apply to the category, or the model cannot decide it.',
    }),
    variants: z.array(
      z.strictObject({
        key: z.string(),
        images: z.array(z.int()),
        attributes: z.record(z.string(), decision),
      }),
    ),
    tags: z
      .array(z.string())
      .meta({ description: 'All that is accepted, as `<attribute>/<value>`; `category/<id>` first.' }),
    images: z.array(
      z.strictObject({
        index: z.int(),
        status: z.enum(['ok', 'failed']),
        sha256: sha256.optional(),
        width: z.int().optional(),
        height: z.int().optional(),
        view: z.string().nullable(),
        variant: z.string().nullable(),
        ref: z.string().nullable(),
        error: z.strictObject({ code: z.string(), detail: z.string() }).optional(),
      }),
    ),
    provenance,
    warnings: z.array(
      z.strictObject({ code: z.string(), detail: z.string(), pointer: z.string().optional() }),
    ),
  })
  .meta({ id: 'TagSet', description: 'The answer for one product.' });

export const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(errorKinds) as [string, ...string[]]),
    detail: z.string(),
    instance: z.string().meta({ description: 'The request id.' }),
    revision: z.int().optional().meta({ description: 'The revision that stands, for `revision.conflict`.' }),
    errors: z.array(z.strictObject({ code: z.string(), detail: z.string(), pointer: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details.' });

const ability = z
  .strictObject({
    supported: z.boolean(),
    calibrated: z.boolean(),
    threshold: z.number().nullable(),
    precision: share.nullable(),
    coverage: share.nullable(),
  })
  .meta({ id: 'Ability' });

export const modelSchema = z
  .strictObject({
    backend: z.string(),
    id: z.string(),
    fingerprint: z.string(),
    licence: z.string(),
    dim: z.int(),
    input: z.strictObject({
      size: z.int(),
      fit: z.string(),
      kernel: z.string(),
      resizeTo: z.int().optional(),
      cropOffset: z.string().optional(),
      fill: z.tuple([z.int(), z.int(), z.int()]).optional(),
    }),
    refuses: z.array(z.string()),
    calibration: z.string().nullable(),
    category: ability,
    attributes: z.record(z.string(), ability),
  })
  .meta({ id: 'Model' });

const mapping = z.strictObject({
  gid: z.string(),
  match: z.enum(['exact', 'broader']),
  handle: z.string().optional(),
});
const nullableText = z.string().nullable();

const attributeFields = {
  id: z.string(),
  name: z.string(),
  description: z.string(),
  scope: z.enum(['image', 'product', 'variant']),
  selection: z.enum(['single', 'multi']),
  maxValues: z.int(),
  scoring: z.string(),
  reliability: z.enum(['high', 'medium', 'low']),
  policy: z.enum(['decide', 'suggest-only']),
  views: z.array(z.string()).nullable(),
  presentations: z.array(z.string()).nullable(),
  requires: z.array(z.strictObject({ attribute: z.string(), anyOf: z.array(z.string()) })),
  shopify: z.array(z.strictObject({ handle: z.string(), gid: nullableText })),
  google: nullableText,
  schemaOrg: nullableText,
  values: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      synonyms: z.array(z.string()),
      hex: nullableText,
      family: nullableText,
      profiles: z.array(z.string()).nullable(),
      categories: z.array(z.string()).nullable(),
      deprecated: z.boolean(),
      replacedBy: nullableText,
      shopify: z.array(mapping),
      google: nullableText,
    }),
  ),
};

export const attributeSchema = z
  .strictObject({ taxonomy: z.string(), contentHash: z.string(), ...attributeFields })
  .meta({ id: 'AttributeOfTaxonomy' });

export const taxonomySchema = z
  .strictObject({
    id: z.string(),
    version: z.string(),
    contentHash: z.string(),
    categories: z.array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        parent: nullableText,
        path: z.array(z.string()),
        leaf: z.boolean(),
        profile: nullableText,
        synonyms: z.array(z.string()),
        shopify: mapping.nullable(),
        google: z.int().nullable(),
      }),
    ),
    profiles: z.array(z.strictObject({ id: z.string(), attributes: z.array(z.string()) })),
    attributes: z.array(z.strictObject(attributeFields).meta({ id: 'Attribute' })),
  })
  .meta({ id: 'Taxonomy' });

export const healthSchema = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health' });
export const readinessSchema = z
  .strictObject({
    status: z.enum(['ready', 'not-ready']),
    checks: z.record(z.string(), z.string().nullable()),
    captions: z
      .strictObject({ known: z.int(), total: z.int() })
      .optional()
      .describe('Captions of the taxonomy that a CLIP has encoded. It is ready before all are.'),
  })
  .meta({ id: 'Readiness' });
