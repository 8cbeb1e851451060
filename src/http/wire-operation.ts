/** Accepted work as the wire gives it. */
import { z } from 'zod';
import { errorKinds } from '../domain/errors.ts';

export const operationError = z.strictObject({
  code: z.enum(Object.keys(errorKinds) as [string, ...string[]]),
  detail: z.string(),
});

export const operationSchema = z
  .strictObject({
    id: z.uuid(),
    productId: z.string(),
    state: z.enum(['queued', 'running', 'done', 'failed']),
    revision: z.int().min(1).nullable().meta({ description: 'The product’s revision, once done.' }),
    error: operationError
      .nullable()
      .meta({ description: 'Why it failed, or why the last attempt did while another will follow.' }),
    attempts: z.int().min(0),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Operation', description: 'Accepted work. Kept for 7 days once over.' });
