/** What every list takes: `limit` and `cursor`. */
import { z } from 'zod';

export const pageFields = {
  limit: z
    .string()
    .regex(/^([1-9]\d?|1\d\d|200)$/, 'must be a whole number from 1 to 200')
    .transform(Number)
    .default(50),
  cursor: z.string().max(8192).optional(),
};
