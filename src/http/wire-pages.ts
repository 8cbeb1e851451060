/** Lists as the wire gives them: `items`, and `next` for the page after. */
import { z } from 'zod';
import { tagSetSchema } from './wire-schemas.ts';

const next = z.string().nullable().meta({ description: 'The `cursor` of the page after; null at the end.' });

export const historyPageSchema = z
  .strictObject({
    items: z.array(
      z.strictObject({ revision: z.int().min(1), cause: z.string(), at: z.string(), tagSet: tagSetSchema }),
    ),
    next,
  })
  .meta({ id: 'HistoryPage' });

export const productPageSchema = z
  .strictObject({ items: z.array(tagSetSchema), next })
  .meta({ id: 'ProductPage' });
