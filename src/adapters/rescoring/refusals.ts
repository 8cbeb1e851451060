/** Why a block is not decided. */
import { HangtagError } from '../../domain/errors.ts';

export function stopped(): HangtagError {
  return new HangtagError('inference.unavailable', 'Rescoring was stopped.');
}

export function cancelled({ reason }: AbortSignal): HangtagError {
  if (reason instanceof HangtagError) return reason;
  return new HangtagError('request.cancelled', 'The block was given up before it was decided.', {
    cause: reason,
  });
}

export function crowded(): HangtagError {
  return new HangtagError('service.overloaded', 'Too many blocks wait to be rescored.', { retryAfter: 1 });
}

export function died(cause: unknown): HangtagError {
  return new HangtagError('inference.unavailable', 'The thread that rescored a block stopped.', {
    cause,
    retryAfter: 1,
  });
}
