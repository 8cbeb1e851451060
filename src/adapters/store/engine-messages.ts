/**
 * Between the driver and the embedded engine, message by message.
 *
 * When PostgreSQL stops itself (a PANIC, such as a disk that fails to flush), a server would start anew. Here the next
 * message to the stopped engine would spin for ever inside WebAssembly and take the whole process with it. So from then
 * on nothing is sent any more, every call is refused, and only a new process goes on, from what is on the disk.
 *
 * The driver sends a statement in five messages and waits for answers only after the last. Entering the engine costs
 * more than most of them, so they go in together.
 */
import type { PGlite } from '@electric-sql/pglite';
import type { StoreLog } from './failures.ts';

/** Parse, Bind, Describe, Execute: a Sync always follows. https://www.postgresql.org/docs/18/protocol-message-formats.html */
const heldUntilSync = new Set([...'PBDE'].map((letter) => letter.charCodeAt(0)));
const sync = 'S'.charCodeAt(0);

/** Returns whether the engine has stopped. */
export function watchEngine(database: PGlite, log: StoreLog): () => boolean {
  const send = database.execProtocolStream.bind(database);
  let stopped: unknown = null;
  let held: Uint8Array[] = [];
  database.execProtocolStream = async (message, options) => {
    if (stopped) throw new Error('The embedded database has stopped itself.', { cause: stopped });
    if (heldUntilSync.has(message[0]!)) {
      held.push(message);
      return [];
    }
    // Held without a Sync: whoever sent it gave up in between, and it must not run with what comes now.
    const whole = message[0] === sync ? Buffer.concat([...held, message]) : message;
    held = [];
    try {
      const answers = await send(whole, options);
      stopped =
        answers.find(
          (answer) => 'severity' in answer && (answer.severity === 'PANIC' || answer.severity === 'FATAL'),
        ) ?? null;
      return answers;
    } catch (error) {
      stopped = error;
      throw error;
    } finally {
      if (stopped) log.error({ err: stopped }, 'the embedded database has stopped itself: restart hangtag');
    }
  };
  return () => stopped !== null;
}
