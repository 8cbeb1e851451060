/** What is said of operations that cannot be had, or cannot be tried again. */
import { HangtagError } from './errors.ts';

export function operationNotFound(): HangtagError {
  return new HangtagError(
    'operation.not_found',
    'No operation has this id. They are kept for 7 days, and go with their product.',
  );
}

/** `state`: which it is in; a failed one is of an earlier version, which kept no requests. */
export function notFailed(state: string): HangtagError {
  const why =
    state === 'failed'
      ? 'Its request was not kept: it failed under an earlier version.'
      : `It is ${state}; only what has failed can be tried again.`;
  return new HangtagError('operation.conflict', why);
}
