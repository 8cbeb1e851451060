/** How accepted work fares. */
import { HangtagError } from '../domain/errors.ts';
import type { Operations } from './ports-work.ts';
import type { Services } from './tag-request.ts';

export function createReadOperation(operations: Operations): Services['readOperation'] {
  return async (id) => {
    const operation = await operations.find(id);
    if (operation) return operation;
    throw new HangtagError(
      'operation.not_found',
      'No operation has this id. They are kept for 7 days, and go with their product.',
    );
  };
}
