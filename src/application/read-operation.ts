/** How accepted work fares. */
import { operationNotFound } from '../domain/operations.ts';
import type { Operations } from './ports-work.ts';
import type { Services } from './tag-request.ts';

export function createReadOperation(operations: Operations): Services['readOperation'] {
  return async (id) => {
    const operation = await operations.find(id);
    if (operation) return operation;
    throw operationNotFound();
  };
}
