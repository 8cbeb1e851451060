/** Events of shops as the wire has them. The shape of ours is read in `domain/events/catalog-body.ts`; fields that nobody knows are left alone. */
import { z } from 'zod';

export const receiptSchema = z
  .strictObject({
    eventId: z
      .uuid()
      .nullable()
      .meta({ description: 'For `GET /operations/{id}`; null where there is nothing to do.' }),
    status: z.enum(['accepted', 'duplicate', 'ignored']).meta({
      description:
        'duplicate: it came before, `eventId` is that of the first. ignored: its topic is none that is worked.',
    }),
  })
  .meta({ id: 'EventReceipt' });

const words = z.record(
  z.string(),
  z
    .array(z.union([z.string(), z.looseObject({ label: z.string() })]))
    .nullable()
    .meta({ description: 'null takes back what was said; `{"label"}` keeps your own wording.' }),
);

const product = z
  .looseObject({
    productId: z.string().min(1).meta({ description: '1 to 256 characters.' }),
    title: z.string().nullish(),
    images: z
      .array(
        z.looseObject({
          url: z.string().optional(),
          s3: z.string().optional(),
          view: z.string().nullish(),
          variant: z.string().nullish().meta({ description: 'Key of the variant that it shows.' }),
          ref: z.string().nullish(),
        }),
      )
      .optional()
      .meta({
        description: 'Exactly one of url and s3 each. Absent: as they are; an empty list removes them all.',
      }),
    category: z.string().nullish().meta({ description: 'null takes it back.' }),
    attributes: words.optional().meta({ description: 'Attribute (id) to its values: the merchant’s word.' }),
    variants: z
      .array(z.looseObject({ key: z.string(), attributes: words.optional() }))
      .optional()
      .meta({ description: 'The same for single variants; those not named are left as they are.' }),
  })
  .meta({ id: 'CatalogProduct', description: 'What is absent leaves things as they are.' });

export const catalogEventSchema = z
  .looseObject({
    type: z.string().meta({ description: '`product.upserted` or `product.deleted`; others are ignored.' }),
    timestamp: z.iso
      .datetime({ offset: true })
      .nullish()
      .meta({ description: 'When it became so in the shop: settles the order. Absent: its arrival counts.' }),
    data: product,
  })
  .meta({ id: 'CatalogEvent' });

/** A body that its sender’s own documents describe. */
export const shopBodySchema = z.looseObject({ id: z.int() }).meta({ id: 'ShopProduct' });
