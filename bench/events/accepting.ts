/** Events at a fixed rate: how long each waits for its 202, how long until all are worked, and what memory does meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { cpuMs, memory, type Running } from '../process.ts';
import type { PicturesServer } from './pictures-server.ts';
import { signed } from './signing.ts';

export interface AcceptanceOptions {
  readonly name: string;
  /** Events a second, and for how long. */
  readonly rate: number;
  readonly seconds: number;
  print(line: string): void;
}

const colors = ['navy', 'red', 'white', 'black', 'green', 'beige'];

/** About 1.5 kB, as shops send; every tenth product is said anew now and then, the same pictures among many. */
function event(n: number, pictures: PicturesServer): { readonly id: string; readonly body: string } {
  const body = JSON.stringify({
    type: 'product.upserted',
    timestamp: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
    data: {
      productId: `bench-${n % 5000}`,
      title: `Product ${n} ${'with many words in its title '.repeat(8)}`,
      images: [{ url: `${pictures.url}/shared/${n % 20}.jpg`, view: 'front' }],
      attributes: { color: [colors[n % colors.length]] },
      description: 'what a shop says besides, which is not looked at. '.repeat(20),
    },
  });
  return { id: `msg_bench_${n}`, body };
}

export async function acceptance(
  service: Running,
  pictures: PicturesServer,
  { name, rate, seconds, print }: AcceptanceOptions,
): Promise<void> {
  const total = rate * seconds;
  const agent = new Agent({ connections: 64, pipelining: 1 });
  const waits: number[] = [];
  const statuses = new Map<number, number>();
  const send = async (n: number, due: number) => {
    const { id, body } = event(n, pictures);
    const answer = await request(`${service.url}/webhooks/catalog`, {
      method: 'POST',
      headers: signed(id, body),
      body,
      dispatcher: agent,
    });
    await answer.body.dump();
    statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
    if (answer.statusCode === 202) waits.push(performance.now() - due);
  };
  await Promise.all(Array.from({ length: 50 }, (_, n) => send(1_000_000 + n, performance.now())));
  waits.length = 0;
  statuses.clear();
  const before = { rss: memory(service.pid).now, cpu: cpuMs(service.pid) };
  const start = performance.now();
  const sent: Promise<void>[] = [];
  for (let n = 0; n < total; n++) {
    const due = start + (n * 1000) / rate;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    sent.push(send(n, due));
  }
  await Promise.all(sent);
  const took = (performance.now() - start) / 1000;
  waits.sort((a, b) => a - b);
  const at = (share: number) =>
    waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? Number.NaN;
  const accepted = waits.length;
  print(
    `${name}: ${total} events at ${rate}/s: ${accepted} accepted, ${(accepted / took).toFixed(0)}/s; ` +
      `wait for the answer p50 ${at(0.5).toFixed(0)} ms, p99 ${at(0.99).toFixed(0)} ms, worst ${at(1).toFixed(0)} ms` +
      `${at(0.99) <= 100 ? '' : ' (goal: p99 <= 100 ms)'}; answers ${JSON.stringify(Object.fromEntries(statuses))}`,
  );
  const waiting = await backlog(service);
  const draining = performance.now();
  let peak = memory(service.pid).now;
  let left = waiting;
  for (; left > 0; left = await backlog(service)) {
    peak = Math.max(peak, memory(service.pid).now);
    if (performance.now() - draining > 900_000) break;
    await sleep(500);
  }
  const drained = (performance.now() - draining) / 1000;
  print(
    `${name}: ${waiting} waited at the end of it, ${left === 0 ? `drained in ${drained.toFixed(1)} s (${(waiting / drained).toFixed(0)}/s)` : `${left} left after 900 s`}; ` +
      `memory ${before.rss.toFixed(0)} MiB before, ${peak.toFixed(0)} at its highest; ` +
      `CPU ${((cpuMs(service.pid) - before.cpu) / total).toFixed(2)} ms an event in all`,
  );
  await agent.close();
}

async function backlog(service: Running): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return [...text.matchAll(/^hangtag_work_waiting(?:\{[^}]*\})? (\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}
