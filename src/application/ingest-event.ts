/** Works what a shop says of a product into its tags. */
import type { CatalogEvent, EventSource } from '../domain/events/catalog-event.ts';
import type { Moment } from '../domain/events/catalog-state.ts';

export interface Ingestion {
  readonly source: EventSource;
  readonly event: CatalogEvent;
  /** When it was said, and its place among all inputs. */
  readonly moment: Moment;
  /** Id of the operation or the import behind it. */
  readonly causeId: string;
  /** Another try will follow: an image that cannot be fetched right now is a reason for it. */
  readonly patient: boolean;
}

/**
 * Done twice it comes to the same. `revision` null: nothing of the product stands. `worked`: pictures that the model had to look at.
 * Raises what makes the event fail; retryable faults may pass.
 */
export type IngestEvent = (
  ingestion: Ingestion,
  signal: AbortSignal,
) => Promise<{ readonly revision: number | null; readonly worked: number }>;
