/** docs/metrics.md against what is exposed: every metric with its type, labels and words, and nothing that is not there. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createMeter } from '../../../src/adapters/metrics/meter.ts';

const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/metrics.md'), 'utf8');

/** A meter that has been told of everything once. */
function full() {
  const meter = createMeter({ process: true });
  meter.door({ bytesInFlight: () => 5, lagMs: () => 20 });
  meter.databasePool(() => ({ busy: 2, idle: 1, waiting: 4 }));
  meter.work({ waiting: async () => 3, failed: async () => new Map([['shopify', 2]]) });
  meter.deliveriesWaiting(async () => 2);
  meter.request({ method: 'GET', route: '/model', status: 429, seconds: 1, fault: 'request.rate_limited' });
  meter.stage('decode', 0.1);
  meter.images(1, 1);
  meter.decision('color', 'abstained', 'ambiguous');
  meter.inferenceQueue.sent(1);
  meter.endpoint().called('ok', 0.1);
  meter.importsWaiting(async () => 7);
  meter.captions(() => ({ texts: 5, ofTexts: 9 }));
  return meter;
}

/** name -> the row that the page must have. */
async function rows(): Promise<Map<string, string>> {
  const { text } = await full().render();
  return new Map(
    [...text.matchAll(/^# HELP (hangtag_\w+) (.*)\n# TYPE \w+ (\w+)\n((?:hangtag_.*\n)*)/gm)].map(
      ([, name = '', help, type, samples = '']) => {
        const labels = new Set([...samples.matchAll(/[{,](\w+)="/g)].map((found) => found[1]!));
        labels.delete('le');
        const listed = [...labels].map((label) => `\`${label}\``).join(', ');
        return [name, `| \`${name}\` | ${type} | ${listed} | ${help} |`];
      },
    ),
  );
}

test('every metric has its row, and every row its metric', async () => {
  const expected = [...(await rows()).values()].sort();
  expect(expected.length).toBeGreaterThan(12);
  const written = page.split('\n').filter((line) => line.startsWith('| `hangtag_'));
  expect([...written].sort()).toEqual(expected);
});

test('readings are taken when somebody looks', async () => {
  let bytes = 1;
  const meter = createMeter();
  meter.door({ bytesInFlight: () => bytes });
  meter.databasePool(() => ({ busy: bytes, idle: 0, waiting: 7 }));
  bytes = 9;
  const lines = (await meter.render()).text.split('\n');
  expect(lines).toContain('hangtag_http_bytes_in_flight 9');
  expect(lines).toContain('hangtag_database_connections{state="busy"} 9');
  expect(lines).toContain('hangtag_database_waiting 7');
  expect(lines.join('\n')).not.toContain('hangtag_event_loop_lag_seconds');
});

test('whatever the page names is exposed: in a query, a rule or in passing', async () => {
  const { text } = await full().render();
  const exposed = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map((found) => found[1]!));
  const named = new Set([...page.matchAll(/\b(?:hangtag|process|nodejs)_\w+/g)].map((found) => found[0]));
  const unknown = [...named].filter(
    (name) => !exposed.has(name) && !exposed.has(name.replace(/_(bucket|sum|count)$/, '')),
  );
  expect(named.size).toBeGreaterThan(20);
  expect(unknown).toEqual([]);
});
