/** The border to the database: which of its errors mean "not available now", and which are mistakes of ours. */
import { HangtagError } from '../../domain/errors.ts';

/** What the store says while it works. A pino logger is one. */
export interface StoreLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Seconds after which a caller should try again. */
const retryAfter = 2;

/**
 * SQLSTATE classes (and single codes) of a server that cannot serve right now: connection, wrong credentials, no such
 * database, resources, operator, system, internal; read-only (a standby); lock timeout; and lost races.
 * https://www.postgresql.org/docs/15/errcodes-appendix.html
 */
const unavailableClasses = ['08', '28', '3D', '53', '57', '58', 'XX'];
const unavailableCodes = ['25006', '25P03', '40001', '40P01', '55P03'];

export function sqlState(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  const { code } = error;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in error ? code : null;
}

/** Two transactions got in each other's way and PostgreSQL undid this one: the same work may simply be done again. */
export function isLostRace(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40001' || state === '40P01';
}

/** The connection this came over cannot be used any further: its state is unknown, or the server closed it. */
export function breaksConnection(error: unknown): boolean {
  const state = sqlState(error);
  const ended = error instanceof Error && 'severity' in error && error.severity !== 'ERROR';
  return state === null || ended || state === '25P03' || state.startsWith('08') || state.startsWith('57P');
}

export function unavailable(detail: string, cause?: unknown): HangtagError {
  return new HangtagError('store.unavailable', detail, { cause, retryAfter });
}

/** An error that came out of the database driver, in our words; a programming error stays what it is. */
export function translated(error: unknown): unknown {
  if (error instanceof HangtagError) return error;
  const state = sqlState(error);
  if (state === null) {
    const ours = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
    return ours ? error : unavailable('The database cannot be reached.', error);
  }
  const away = unavailableClasses.includes(state.slice(0, 2)) || unavailableCodes.includes(state);
  return away ? unavailable('The database cannot do this right now.', error) : error;
}
