/**
 * A line of an import: the `data` of a catalog event as JSON, or `{"productId","deleted":true}`. Read as events are, so that both say the
 * same of a product, and whole: whoever mends a file is told of everything that is wrong with the line at once.
 */
import { HangtagError, type Problem } from '../errors.ts';
import { readCatalogProduct } from '../events/catalog-body.ts';
import type { CatalogEvent } from '../events/catalog-event.ts';
import { type Fields, isFields } from '../events/reading.ts';

export type ReadLine =
  | { readonly event: CatalogEvent; readonly problems: null }
  /** `productId`: as far as it could be read, to find the line by. */
  | { readonly event: null; readonly productId: string | null; readonly problems: readonly Problem[] };

/** Problems named of one line, at most. */
const mostProblems = 20;

export function readImportLine(text: string): ReadLine {
  const data = parsed(text);
  if (data === undefined) return wrong(null, [malformed('This is not JSON.', '')]);
  if (!isFields(data)) return wrong(null, [malformed('This is not a JSON object.', '')]);
  const deletes = data.deleted === true;
  const { problems, event } = productOf(deletes ? { productId: data.productId } : data);
  if (data.deleted !== undefined && typeof data.deleted !== 'boolean')
    problems.push(malformed('"deleted" is true, or not there.', '/deleted'));
  if (event && problems.length === 0)
    return {
      event: deletes ? { type: 'product.deleted', productId: event.productId, at: null } : event,
      problems: null,
    };
  const named = problems.every(({ pointer }) => pointer !== '/productId');
  return wrong(named ? String(data.productId) : null, problems.slice(0, mostProblems));
}

function productOf(data: Fields): { readonly event: CatalogEvent | null; readonly problems: Problem[] } {
  try {
    return { event: readCatalogProduct(data, null), problems: [] };
  } catch (error) {
    if (!(error instanceof HangtagError)) throw error;
    return { event: null, problems: error.errors.map(({ detail, pointer }) => malformed(detail, pointer)) };
  }
}

function wrong(productId: string | null, problems: readonly Problem[]): ReadLine {
  return { event: null, productId, problems };
}

function malformed(detail: string, pointer: string): Problem {
  return { code: 'request.malformed', detail, pointer };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
