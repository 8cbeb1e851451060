/** Every address that a stranger may use to make us talk to ourselves or to our own network: refused before a connection is made. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { isPublicAddress } from '../../../src/adapters/web/addresses.ts';
import { createFetchImage } from '../../../src/adapters/web/fetch-image.ts';
import type { Lookup } from '../../../src/adapters/web/guarded-agent.ts';

const forms = [
  // This machine, however it is written.
  'https://127.0.0.1/a.jpg',
  'https://127.1/a.jpg',
  'https://127.255.255.254/a.jpg',
  'https://2130706433/a.jpg',
  'https://0x7f000001/a.jpg',
  'https://0x7f.0.0.1/a.jpg',
  'https://0177.0.0.1/a.jpg',
  'https://017700000001/a.jpg',
  'https://0/a.jpg',
  'https://0.0.0.0/a.jpg',
  'https://[::1]/a.jpg',
  'https://[::]/a.jpg',
  'https://[0:0:0:0:0:0:0:1]/a.jpg',
  'https://[::ffff:127.0.0.1]/a.jpg',
  'https://[::ffff:7f00:1]/a.jpg',
  'https://[::7f00:1]/a.jpg',
  'https://[::127.0.0.1]/a.jpg',
  'https://[64:ff9b::7f00:1]/a.jpg',
  'https://[64:ff9b:1::7f00:1]/a.jpg',
  'https://[2002:7f00:1::]/a.jpg',
  'https://[2001:0:7f00:1::]/a.jpg',
  'https://localhost/a.jpg',
  'https://LOCALHOST/a.jpg',
  'https://localhost./a.jpg',
  'https://shop.localhost/a.jpg',
  'https://①②⑦.⓪.⓪.①/a.jpg',
  'https://127。0。0。1/a.jpg',
  // Networks of one's own, and what clouds say of themselves.
  'https://10.0.0.7/a.jpg',
  'https://172.16.0.1/a.jpg',
  'https://172.31.255.255/a.jpg',
  'https://192.168.1.1/a.jpg',
  'https://100.64.0.1/a.jpg',
  'https://169.254.169.254/latest/meta-data/',
  'https://2852039166/latest/meta-data/',
  'https://[::ffff:169.254.169.254]/latest/meta-data/',
  'https://[fd00:ec2::254]/latest/meta-data/',
  'https://168.63.129.16/a.jpg',
  'https://metadata.google.internal/a.jpg',
  'https://[fe80::1]/a.jpg',
  'https://[fc00::1]/a.jpg',
  'https://192.0.0.1/a.jpg',
  'https://198.18.0.1/a.jpg',
  'https://224.0.0.1/a.jpg',
  'https://240.0.0.1/a.jpg',
  'https://255.255.255.255/a.jpg',
  'https://[ff02::1]/a.jpg',
  'https://[2001:db8::1]/a.jpg',
  'https://printer.local/a.jpg',
  'https://db.internal/a.jpg',
  'https://router/a.jpg',
  // Other doors.
  'http://shop.example.com/a.jpg',
  'https://shop.example.com:22/a.jpg',
  'https://shop.example.com:8443/a.jpg',
  'ftp://shop.example.com/a.jpg',
  'file:///etc/passwd',
  'gopher://shop.example.com/1',
  'data:image/png;base64,AAAA',
  'javascript:alert(1)',
  'blob:https://shop.example.com/1',
  '//127.0.0.1/a.jpg',
  '/a.jpg',
  'a.jpg',
  '',
  // Who is who.
  'https://shop.example.com@127.0.0.1/a.jpg',
  'https://user:word@shop.example.com/a.jpg',
  'https://user@shop.example.com/a.jpg',
  'https://shop.example.com\\@127.0.0.1/a.jpg',
  'https:\\\\127.0.0.1\\a.jpg',
  'https://shop.example.com\t/a.jpg',
  'https://shop.exam\nple.com/a.jpg',
  ' https://shop.example.com/a.jpg',
  'https:///a.jpg',
  'https://shop..example.com/a.jpg',
  'https://-/a.jpg',
  `https://shop.example.com/${'a'.repeat(2048)}`,
];

let server: Server;
let port = 0;
let connections = 0;
/** Names and what they resolve to, one answer after the other. */
const names = new Map<string, string[][]>();
const lookup = vi.fn<Lookup>((hostname, _options, callback) => {
  const answers = names.get(hostname);
  const addresses = (answers && answers.length > 1 ? answers.shift() : answers?.[0]) ?? [];
  const known = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  if (known.length > 0) callback(null, known);
  else callback(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), []);
});
let fetching: ReturnType<typeof createFetchImage>;
const fetchS3 = async () => {
  throw new Error('not here');
};

beforeAll(async () => {
  server = createServer((request, response) => {
    const to = new URL(request.url ?? '/', 'http://x').searchParams.get('to');
    if (to !== null) response.writeHead(302, { location: to }).end();
    else response.end('inside');
  });
  server.on('connection', () => {
    connections++;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  fetching = createFetchImage({
    allowOrigins: [`http://localhost:${port}`],
    imageWidth: 0,
    fetchS3,
    lookup,
    connectMs: 500,
    totalMs: 4000,
  });
});
afterAll(async () => {
  await fetching.close();
  server.close();
});

const fetchUrl = (url: string) =>
  fetching.fetchImage({ kind: 'url', url }, null, AbortSignal.timeout(10_000));

describe('a URL that leads inside', () => {
  test(`in ${forms.length} forms is refused before anything is connected or looked up`, async () => {
    expect(forms.length).toBeGreaterThanOrEqual(40);
    const before = [connections, lookup.mock.calls.length];
    for (const url of forms) {
      await expect(fetchUrl(url), url).rejects.toMatchObject({ code: 'image.fetch_refused' });
    }
    expect([connections, lookup.mock.calls.length]).toEqual(before);
  });

  test.each([
    ['a name of this machine', ['127.0.0.1']],
    ['a name of the network', ['10.1.2.3']],
    ['a name of the cloud', ['169.254.169.254']],
    ['a name in IPv6', ['::1']],
    ['an IPv4 address inside an IPv6 one', ['::ffff:127.0.0.1']],
    ['one address of several', ['93.184.215.14', '127.0.0.1']],
  ])('%s is refused before it is connected to', async (_what, addresses) => {
    names.set('shop.example.com', [addresses]);
    const before = connections;
    await expect(fetchUrl('https://shop.example.com/a.jpg')).rejects.toMatchObject({
      code: 'image.fetch_refused',
    });
    expect(connections).toBe(before);
  });

  test('a name that answers otherwise the second time gains nothing: what was checked is what is used', async () => {
    names.set('rebind.example.com', [['93.184.215.14'], ['127.0.0.1']]);
    const dialled: unknown[] = [];
    const rebound = createFetchImage({
      allowOrigins: [],
      imageWidth: 0,
      fetchS3,
      lookup,
      // Asks as a socket does, and then finds nobody.
      dial: (options) => (given, callback) =>
        options.lookup(given.hostname, { all: true }, (error, addresses) => {
          if (!error) dialled.push(addresses);
          callback(error ?? Object.assign(new Error('nobody'), { code: 'ECONNREFUSED' }), null);
        }),
    });
    const reference = { kind: 'url', url: 'https://rebind.example.com/a.jpg' } as const;
    const fault = await rebound
      .fetchImage(reference, null, AbortSignal.timeout(5000))
      .catch((error: { code: string }) => error);
    await rebound.close();
    expect(dialled).toEqual([[{ address: '93.184.215.14', family: 4 }]]);
    expect(fault).toMatchObject({ code: 'image.fetch_refused' });
  });

  test.each(
    forms.filter((url) => /^(https?|ftp|file|gopher|javascript|data):[\x20-\x7e]*$/.test(url)).slice(0, 60),
  )('is refused as a redirect, too: %s', async (url) => {
    const place = `http://localhost:${port}/?to=${encodeURIComponent(url)}`;
    names.set('localhost', [['127.0.0.1']]);
    await expect(fetchUrl(place)).rejects.toMatchObject({ code: 'image.fetch_refused' });
  });

  test('only what is handed out to the public is public', () => {
    const outside = ['93.184.215.14', '8.8.8.8', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'];
    expect(outside.map(isPublicAddress)).toEqual([true, true, true]);
    expect(['', 'shop', '1.2.3', 'fe80::1%eth0', '::ffff:8.8.8.8'].map(isPublicAddress)).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
  });
});
