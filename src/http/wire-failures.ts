/** Accepted work that failed, as the wire gives it. */
import { z } from 'zod';
import { workSources } from '../application/ports-work.ts';
import { operationError } from './wire-operation.ts';

export const failurePageSchema = z
  .strictObject({
    items: z.array(
      z
        .strictObject({
          id: z.uuid().meta({ description: 'Of its operation.' }),
          source: z.enum(workSources).meta({ description: 'Where the work came from.' }),
          productId: z.string(),
          error: operationError,
          attempts: z.int().min(0),
          createdAt: z.iso.datetime(),
          failedAt: z.iso.datetime(),
        })
        .meta({ id: 'Failure', description: 'Accepted work that failed. Kept for 7 days.' }),
    ),
    next: z.string().nullable().meta({ description: 'The `cursor` of the page after; null at the end.' }),
  })
  .meta({ id: 'FailurePage' });
