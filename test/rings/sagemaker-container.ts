/** One call of an endpoint's container: `POST /invocations` of a real one, or a function in its place. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface ContainerAnswer {
  /** 0: none within the time there was. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type Container = (
  headers: Readonly<Record<string, string>>,
  body: Buffer,
) => Promise<ContainerAnswer> | ContainerAnswer;

const tooLate: ContainerAnswer = {
  status: 0,
  headers: {},
  body: Buffer.from(
    'Your invocation timed out while waiting for a response from container primary. Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again.',
  ),
};
// A container closes a socket that was idle for a while, and a call on it would be lost: each has its own.
const agent = new Agent({ keepAlive: false });

export async function callContainer(
  container: string | Container,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal },
): Promise<ContainerAnswer | 'unreachable'> {
  const late = AbortSignal.timeout(ms);
  const until = AbortSignal.any([late, signal]);
  try {
    if (typeof container === 'string') return await post(container, headers, body, until);
    const over = new Promise<never>((_, reject) =>
      until.addEventListener('abort', () => reject(until.reason), { once: true }),
    );
    return await Promise.race([container(headers, body), over]);
  } catch {
    return late.aborted ? tooLate : 'unreachable';
  }
}

function post(
  base: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  signal: AbortSignal,
): Promise<ContainerAnswer> {
  return new Promise((resolve, reject) => {
    const call = request(new URL('/invocations', base), {
      method: 'POST',
      headers: { ...headers, 'content-length': String(body.byteLength) },
      signal,
      agent,
    });
    call.on('error', reject);
    call.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: flat(response.headers),
          body: Buffer.concat(chunks),
        }),
      );
    });
    call.end(body);
  });
}

function flat(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : (value ?? ''),
    ]),
  );
}
