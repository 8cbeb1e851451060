/** Load on a running service, and what it costs there. */
import { cpuMs, type Running } from './process.ts';

const connections = 16;

export const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

export async function upload(service: Running, id: string, body: Buffer): Promise<void> {
  for (;;) {
    const answer = await fetch(`${service.url}/products/${id}/tags`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body: new Uint8Array(body),
    });
    await answer.arrayBuffer();
    if (answer.status === 200) return;
    if (answer.status !== 503) throw new Error(`status ${answer.status}`);
    // Load is shed where the machine is busy with other things: waiting costs the service next to nothing.
    await new Promise((resolve) => setTimeout(resolve, 1000 * Number(answer.headers.get('retry-after'))));
  }
}

/** CPU ms of the service for one request, over `count` requests at 16 connections. */
export async function cpuPerRequest(
  service: Running,
  count: number,
  one: (n: number) => Promise<void>,
): Promise<number> {
  const before = cpuMs(service.pid);
  let next = 0;
  const lane = async () => {
    for (let n = next++; n < count; n = next++) await one(n);
  };
  await Promise.all(Array.from({ length: connections }, lane));
  return (cpuMs(service.pid) - before) / count;
}
