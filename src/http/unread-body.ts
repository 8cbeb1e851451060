/**
 * A refusal often goes out while its body is still coming in. Closing at once would reset the connection, and a caller
 * who sends everything before reading (most do) would see the reset instead of the answer.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** Milliseconds that a refused body may still take; its bytes are dropped as they come. */
const patience = 5000;

/** Gives `answer` right away, and ends once the request's body has been dropped or has had its time. */
export function answerThenDrain(answer: string, raw: IncomingMessage): Readable {
  async function* parts(): AsyncGenerator<Buffer> {
    yield Buffer.from(answer);
    await drained(raw);
  }
  return Readable.from(parts());
}

function drained(raw: IncomingMessage): Promise<void> {
  if (raw.readableEnded || raw.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patience);
    const over = () => {
      clearTimeout(timer);
      resolve();
    };
    raw.once('end', over).once('close', over);
    raw.unpipe();
    raw.resume();
  });
}
