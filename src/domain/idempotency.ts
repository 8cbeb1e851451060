/** The one refusal of a repeated call that is no repetition. */
import { HangtagError } from './errors.ts';

export function keyConflict(): HangtagError {
  return new HangtagError(
    'idempotency.conflict',
    'This Idempotency-Key was used within the last 24 hours for a call with other content.',
  );
}
