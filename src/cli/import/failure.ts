/** What did not go as it should, as it is listed and kept in the file of failures. */
export interface Failure {
  readonly id: string;
  /** HTTP status, or null where there was no answer. */
  readonly status: number | null;
  readonly code: string;
  readonly detail: string;
}
