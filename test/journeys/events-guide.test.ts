/** The commands of docs/events.md, as they stand there, one after the other against the real service and a receiver. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Receiver, startReceiver, verified } from './receiver.ts';
import { type Service, startService } from './service.ts';

const root = path.resolve(import.meta.dirname, '../..');
let folder: string;
let service: Service;
let receiver: Receiver;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hangtag-events-'));
  receiver = await startReceiver();
  // Its own embedded store, also where there is a server: the guide uses a fixed id.
  service = await startService({ DATA_DIR: folder, FETCH_ALLOW_ORIGINS: receiver.origin });
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await receiver?.close();
  await rm(folder, { recursive: true, force: true });
});

test('every command works and does what the text says', { timeout: 60_000 }, async () => {
  const guide = await readFile(path.join(root, 'docs/events.md'), 'utf8');
  const commands = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text!);
  expect(commands).toHaveLength(7);
  await writeFile(path.join(folder, '.curlrc'), 'retry = 8\n');
  const bodyFile = path.join(folder, 'body.json');
  // The receiver writes down what came, as the text supposes; the shell waits for it.
  const files = path.join(folder, 'headers');
  receiver.answer = (response, { id, headers, body }) => {
    const tagged = JSON.parse(body).type === 'product.tagged';
    const kept = tagged
      ? writeFile(bodyFile, body).then(() =>
          writeFile(files, `webhook_id=${id} webhook_timestamp=${headers['webhook-timestamp']}\n`),
        )
      : Promise.resolve();
    void kept.then(() => response.writeHead(200).end('thanks'));
  };
  const wait = `until [ -s ${files} ]; do sleep 0.1; done; . ${files}; cd ${folder}`;
  const script = commands
    .map((text, index) => `${index === 3 ? `${wait}\n` : ''}${text}\necho; echo ---`)
    .join('\n');
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    env: {
      PATH: process.env.PATH,
      // A machine that is busy with other tests may be asked to wait.
      CURL_HOME: folder,
      hangtag: service.url,
      receiver: `${receiver.origin}/hooks`,
      photo: path.join(root, 'test/fixtures/images/tall.jpg'),
    },
  });
  const answers = stdout.split('\n---\n').map((text) => text.trim());
  /** Of commands that print one JSON text after the other. */
  const texts = (index: number) => answers[index]!.split(/(?<=\})(?=\{)/).map((text) => JSON.parse(text));
  const id = answers[0]!;
  expect(texts(1)).toMatchObject([{ status: 200, error: null, answer: 'thanks' }]);
  const sent = receiver.got.find(({ body }) => JSON.parse(body).type === 'product.tagged')!;
  expect(answers[3]).toBe(sent.headers['webhook-signature']);
  expect(texts(4)).toMatchObject([
    { items: [{ id, state: 'active', reason: null }] },
    { items: [{ subscriptionId: id, eventId: sent.id }] },
  ]);
  expect(texts(5)).toMatchObject([{ items: [] }]);
  expect(texts(6)).toMatchObject([{ items: [{ type: 'product.deleted', data: { productId: 'sku-1' } }] }]);
  // The secret was in one answer, and is not in the log.
  expect(service.log()).not.toContain('whsec_');
  const stranger = `whsec_${Buffer.alloc(32).toString('base64')}`;
  expect(() => verified(stranger, sent)).toThrow();
});
