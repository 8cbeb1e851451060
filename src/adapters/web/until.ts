/** Work that ends with its time or with its caller, whichever comes first. */
import { HangtagError } from '../../domain/errors.ts';

/**
 * `work` is told by its signal when to end. Its failure is `request.cancelled` where the caller left, whatever the failure was; else
 * as it was thrown. `ms`: milliseconds.
 */
export async function until<T>(
  ms: number,
  caller: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const end = () => over.abort();
  const timer = setTimeout(end, ms);
  caller.addEventListener('abort', end, { once: true });
  if (caller.aborted) end();
  try {
    return await work(over.signal);
  } catch (error) {
    if (!caller.aborted) throw error;
    const detail = 'The request was given up before it was answered.';
    throw new HangtagError('request.cancelled', detail, { cause: caller.reason });
  } finally {
    clearTimeout(timer);
    caller.removeEventListener('abort', end);
  }
}
