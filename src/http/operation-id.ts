/** The `:id` of a path that names an operation. What is no UUID never was one. */
import { operationNotFound } from '../domain/operations.ts';

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export function operationId(text: string): string {
  if (!uuid.test(text)) throw operationNotFound();
  return text.toLowerCase();
}
