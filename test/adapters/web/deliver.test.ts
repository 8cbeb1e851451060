/** Posting to servers that behave as servers do. What happens to a delivery as a whole: `test/journeys/delivering.test.ts`. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createPoster, type PosterOptions } from '../../../src/adapters/web/deliver.ts';
import { type Receiver, startReceiver, status } from '../../journeys/receiver.ts';

let receiver: Receiver;
const opened: { close(): Promise<void> }[] = [];
beforeAll(async () => {
  receiver = await startReceiver();
});
beforeEach(() => {
  receiver.got.length = 0;
  receiver.answer = status(200);
});
afterAll(async () => {
  await Promise.all(opened.map((one) => one.close()));
  await receiver.close();
});

function post(options: Partial<PosterOptions> = {}, url = `${receiver.origin}/a?b=hush`) {
  const poster = createPoster({ allowOrigins: [receiver.origin], deadlineMs: 2_000, ...options });
  opened.push(poster);
  return poster.post(url, { 'webhook-id': 'one' }, '{"a":"ä \\u0000"}');
}

test('the text as it is, and the beginning of what is answered', async () => {
  receiver.answer = (response) => void response.writeHead(201).end(`o${'ä'.repeat(2000)}`);
  expect(await post()).toMatchObject({ status: 201, error: null, retryAfter: null });
  expect(receiver.got).toMatchObject([{ id: 'one', body: '{"a":"ä \\u0000"}', path: '/a?b=hush' }]);
  expect((await post()).answer).toBe(`o${'ä'.repeat(511)}`);
});

test.each<[string, Receiver['answer'], object]>([
  [
    'a redirect',
    status(307, { location: '/' }),
    { status: 307, error: expect.stringContaining('307. Redirects') },
  ],
  ['busy', status(503, { 'retry-after': '120' }), { status: 503, retryAfter: 120 }],
  [
    'an answer without an end',
    (response) => void response.writeHead(200).write('so'),
    { status: 200, error: null },
  ],
  [
    'more than anybody reads',
    (response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 97)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    },
    { status: 200, error: null, answer: 'a'.repeat(1024) },
  ],
  [
    'nothing at all',
    (response) => void response.destroy(),
    { status: null, error: expect.stringMatching(/^127\.0\.0\.1 cannot be reached: \w+\.$/) },
  ],
  ['silence', () => {}, { status: null, error: 'The receiver did not answer within 0.3 s.' }],
])('%s', async (_, answer, expected) => {
  receiver.answer = answer;
  expect(await post({ deadlineMs: 300 })).toMatchObject(expected);
});

test.each([
  [
    'a name that leads inside',
    'https://hooks.example.com/',
    'The host hooks.example.com is not on the public internet.',
  ],
  [
    'an address inside',
    'https://10.1.2.3/',
    'Events are not sent to this URL: its address is not a public one.',
  ],
])('%s is not spoken to', async (_, url, error) => {
  const dialled: string[] = [];
  const answer = await post(
    {
      lookup: (hostname, _options, callback) => {
        dialled.push(hostname);
        callback(null, [
          { address: '93.184.216.34', family: 4 },
          { address: '127.0.0.1', family: 4 },
        ]);
      },
    },
    url,
  );
  expect(answer).toMatchObject({ status: null, error });
  expect(receiver.got).toEqual([]);
  expect(dialled.length).toBeLessThanOrEqual(1);
});
