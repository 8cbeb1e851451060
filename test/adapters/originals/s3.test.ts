/** What only S3 has: its layout, its requests, and the ways in which it fails, each with its answer and its end. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createS3Originals, type S3OriginalsOptions } from '../../../src/adapters/originals/s3.ts';
import type { Patience } from '../../../src/adapters/originals/s3-attempts.ts';
import type { Originals } from '../../../src/application/ports-originals.ts';
import { createLog } from '../../../src/log.ts';
import { digest } from '../../contracts/originals.contract.ts';
import { type Failure, type S3StandIn, signer, startS3 } from './s3-stand-in.ts';

const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(90_000, 'pixels')]);
const sha256 = digest(jpeg);
const key = `some/where/${sha256.slice(0, 2)}/${sha256}`;
const patience: Patience = { attempts: 3, attemptMs: 4_000, totalMs: 9_000, pauseMs: 10 };
/** Where nobody answers. */
const short: Patience = { attempts: 3, attemptMs: 500, totalMs: 1_300, pauseMs: 10 };
const unavailable = { code: 'store.unavailable', retryAfter: 5 };

let s3: S3StandIn;
let originals: Originals;
const open = (more: Partial<S3OriginalsOptions> = {}) =>
  createS3Originals({
    url: 's3://originals/some/where/',
    endpoint: s3.endpoint,
    region: signer.region,
    credentials: signer,
    patience,
    ...more,
  });

beforeEach(async () => {
  s3 = await startS3();
  originals = await open();
  s3.requests.length = 0;
});
afterEach(() => s3.close());

/** Fails the first `times` requests that are sent from now on. */
function failing(failure: Failure, times = Number.POSITIVE_INFINITY, methods = 'PUT GET HEAD DELETE') {
  let count = 0;
  s3.fail = (method) => (methods.includes(method) && count++ < times ? failure : null);
}
const patienceWith = ({ kind }: Pick<Failure, 'kind'>) => (kind.startsWith('hang') ? short : patience);

describe('requests', () => {
  test('an original lies where the folder would have it, with its media type; the probe is gone', async () => {
    await originals.put(sha256, jpeg);
    expect([...s3.objects.keys()]).toEqual([key]);
    expect(s3.objects.get(key)).toMatchObject({ bytes: jpeg, contentType: 'image/jpeg' });
  });

  test('the first put asks and writes, a second one only asks, twenty at once do it once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => originals.put(sha256, jpeg)));
    expect(s3.requests).toEqual([`HEAD ${key}`, `PUT ${key}`]);
    await originals.put(sha256, jpeg);
    expect(s3.requests).toEqual([`HEAD ${key}`, `PUT ${key}`, `HEAD ${key}`]);
  });

  test('what another process wrote meanwhile is not written over', async () => {
    const theirs = { bytes: jpeg, contentType: 'theirs', at: new Date(0) };
    s3.fail = (method) => {
      if (method === 'PUT') s3.objects.set(key, theirs);
      return null;
    };
    await originals.put(sha256, jpeg);
    expect(s3.objects.get(key)).toBe(theirs);
  });

  test('a server without conditional writes is asked for one only once', async () => {
    s3.conditional = false;
    const others = [1, 2].map((count) => Buffer.from(`picture ${count}`));
    for (const bytes of others) await originals.put(digest(bytes), bytes);
    expect(s3.requests.map((line) => line.split(' ')[0])).toEqual(['HEAD', 'PUT', 'PUT', 'HEAD', 'PUT']);
    expect(s3.objects.size).toBe(2);
  });

  test('an object of another length is written again; one with other bytes is never given away', async () => {
    await originals.put(sha256, jpeg);
    s3.objects.set(key, { bytes: jpeg.subarray(9), contentType: '', at: new Date() });
    await originals.put(sha256, jpeg);
    expect(s3.objects.get(key)!.bytes).toEqual(jpeg);
    s3.objects.set(key, { bytes: Buffer.alloc(jpeg.byteLength), contentType: '', at: new Date() });
    await expect(originals.get(sha256)).rejects.toMatchObject({ code: 'store.unavailable' });
  });

  test('strangers under the prefix are not listed', async () => {
    await originals.put(sha256, jpeg);
    const strange = [
      'some/where/notes.txt',
      `some/where/00/${sha256}`,
      `some/where/aa/b/${sha256}`,
      'some/w',
    ];
    for (const name of [...strange, 'some/where/\u0001 ä&<+.jpg', `other/${sha256.slice(0, 2)}/${sha256}`])
      s3.objects.set(name, { bytes: jpeg, contentType: '', at: new Date() });
    let from: string | null = null;
    const seen: string[] = [];
    do {
      const page = await originals.list(from, 1);
      seen.push(...page.items.map((item) => item.sha256));
      from = page.next;
    } while (from !== null);
    expect(seen).toEqual([sha256]);
  });
});

describe('failures that pass', () => {
  test.each<[string, Failure]>([
    ['SlowDown', { kind: 'status', status: 503, code: 'SlowDown' }],
    ['an internal error', { kind: 'status', status: 500, code: 'InternalError' }],
    ['a busy gateway that speaks no XML', { kind: 'status', status: 502, code: '' }],
    ['a request that took S3 too long', { kind: 'status', status: 400, code: 'RequestTimeout' }],
    ['a lost connection', { kind: 'reset' }],
    ['no answer', { kind: 'hang' }],
  ])('%s once: nobody notices', async (_, failure) => {
    originals = await open({ patience: patienceWith(failure) });
    for (const call of [
      () => originals.put(sha256, jpeg),
      async () => expect(await originals.get(sha256)).toEqual(jpeg),
      () => originals.list(null, 10),
      () => originals.own('somebody'),
      () => originals.delete(sha256),
    ]) {
      failing(failure, 1);
      await call();
    }
    expect([...s3.objects.keys()]).toEqual(['some/where/owner']);
  });

  test.each<Failure['kind']>(['hang-in-body', 'reset-in-body'])(
    '%s once: the whole original',
    async (kind) => {
      originals = await open({ patience: patienceWith({ kind }) });
      await originals.put(sha256, jpeg);
      failing({ kind } as Failure, 1, 'GET');
      expect(await originals.get(sha256)).toEqual(jpeg);
    },
  );

  test('written, but the answer was lost: written once, and no fault', async () => {
    failing({ kind: 'reset-when-done' }, 1, 'PUT');
    await originals.put(sha256, jpeg);
    expect(s3.requests.map((line) => line.split(' ')[0])).toEqual(['HEAD', 'PUT', 'PUT']);
    expect(s3.objects.get(key)!.bytes).toEqual(jpeg);
  });
});

describe('failures that stay', () => {
  const stay: [string, Failure, number][] = [
    ['SlowDown', { kind: 'status', status: 503, code: 'SlowDown' }, 3],
    ['lost connections', { kind: 'reset' }, 3],
    ['no answer', { kind: 'hang' }, 3],
    ['a denial', { kind: 'status', status: 403, code: 'AccessDenied' }, 1],
    ['expired credentials', { kind: 'status', status: 400, code: 'ExpiredToken' }, 1],
    ['a missing bucket', { kind: 'status', status: 404, code: 'NoSuchBucket' }, 1],
    [
      'a bucket elsewhere',
      {
        kind: 'status',
        status: 301,
        code: 'PermanentRedirect',
        headers: { 'x-amz-bucket-region': 'us-west-2' },
      },
      1,
    ],
  ];

  test.each(stay)(
    '%s: store.unavailable within the deadline, tried as often as it can help',
    async (_, failure, times) => {
      const { totalMs } = patienceWith(failure);
      originals = await open({ patience: patienceWith(failure) });
      failing(failure, Number.POSITIVE_INFINITY, 'PUT GET DELETE');
      for (const call of [
        () => originals.put(sha256, jpeg),
        () => originals.get(sha256),
        () => originals.list(null, 10),
        () => originals.delete(sha256),
      ]) {
        s3.requests.length = 0;
        const began = performance.now();
        await expect(call()).rejects.toMatchObject(unavailable);
        expect(performance.now() - began).toBeLessThan(totalMs + 1_000);
        const tried = s3.requests.filter((line) => !line.startsWith('HEAD')).length;
        // Three attempts of 500 ms each do not fit into the 1300 that they have together.
        if (failure.kind === 'hang') expect(tried).toBeGreaterThanOrEqual(2);
        else expect(tried).toBe(times);
      }
      await expect(originals.ping()).rejects.toMatchObject(unavailable);
      s3.fail = null;
      await originals.put(sha256, jpeg);
      await originals.ping();
    },
  );

  test.each<Failure['kind']>(['hang-in-body', 'reset-in-body'])(
    '%s every time: an end, and no half original',
    async (kind) => {
      originals = await open({ patience: short });
      await originals.put(sha256, jpeg);
      failing({ kind } as Failure, Number.POSITIVE_INFINITY, 'GET');
      const began = performance.now();
      await expect(originals.get(sha256)).rejects.toMatchObject(unavailable);
      expect(performance.now() - began).toBeLessThan(short.totalMs + 1_000);
    },
  );

  test('nobody listens: store.unavailable, with the reason kept', async () => {
    await s3.close();
    await expect(originals.put(sha256, jpeg)).rejects.toMatchObject({
      ...unavailable,
      cause: { name: 'S3Fault', code: 'ECONNREFUSED', operation: 'HeadObject', status: null },
    });
  });

  test('a missing bucket shows in ping, though there is no object either', async () => {
    await originals.ping();
    failing({ kind: 'status', status: 404, code: 'NoSuchBucket' });
    await expect(originals.ping()).rejects.toMatchObject(unavailable);
  });

  test('a refused signature: what S3 says of the request, its token above all, is neither kept nor logged', async () => {
    const wrong = { ...signer, secretAccessKey: 'another-secret' };
    const fault = await open({ credentials: wrong }).catch((error: unknown) => error);
    expect(fault).toMatchObject({ cause: { code: 'SignatureDoesNotMatch', requestId: 'REQ1' } });
    const lines: string[] = [];
    createLog('info', { write: (line) => void lines.push(line) }).error({ err: fault }, 'no start');
    const logged = lines.join('');
    expect(logged).toContain('SignatureDoesNotMatch');
    for (const secret of [
      wrong.secretAccessKey,
      signer.secretAccessKey,
      signer.sessionToken!,
      'CanonicalRequest',
    ])
      expect(logged).not.toContain(secret);
  });
});

describe('a start that cannot succeed says which setting is wrong, in one line', () => {
  const start = (more: Partial<S3OriginalsOptions> = {}) => open(more).catch((error: unknown) => error);

  test.each<[string, Partial<S3OriginalsOptions>, RegExp]>([
    [
      'no such bucket',
      { url: 's3://nothing-here/x' },
      /^IMAGE_STORE: there is no bucket "nothing-here" at http/,
    ],
    [
      'a wrong secret',
      { credentials: { ...signer, secretAccessKey: 'x' } },
      /^IMAGE_STORE: .*credentials.*\(SignatureDoesNotMatch\)/,
    ],
    [
      'an unknown key',
      { credentials: { ...signer, accessKeyId: 'AKIDNOBODY' } },
      /^IMAGE_STORE: .*credentials.*\(InvalidAccessKeyId\)/,
    ],
    ['another region', { region: 'eu-west-9' }, /^AWS_REGION: the bucket "originals" .* in eu-test-1\.$/],
    [
      'nobody there',
      { endpoint: 'http://127.0.0.1:1' },
      /^S3_ENDPOINT: http:\/\/127\.0\.0\.1:1 does not answer \(.*ECONNREFUSED/,
    ],
  ])('%s', async (_, more, line) => {
    expect(await start(more)).toMatchObject({
      problems: [expect.stringMatching(line)],
      message: expect.stringMatching(line),
    });
  });

  test.each([
    ['PUT', 's3:PutObject'],
    ['GET', 's3:GetObject'],
    ['DELETE', 's3:DeleteObject'],
  ])('%s denied', async (method, permission) => {
    failing({ kind: 'status', status: 403, code: 'AccessDenied' }, 1, method);
    const line = `IMAGE_STORE: ${permission} is not allowed on s3://originals/some/where (AccessDenied); docs/originals.md has the policy that is needed.`;
    expect(await start()).toMatchObject({ problems: [line] });
  });

  test('listing denied', async () => {
    s3.fail = (method, name) =>
      method === 'GET' && name === '' ? { kind: 'status', status: 403, code: 'AccessDenied' } : null;
    expect(await start()).toMatchObject({
      problems: [expect.stringContaining('s3:ListBucket is not allowed')],
    });
  });

  test.each<[Failure, RegExp]>([
    [
      {
        kind: 'status',
        status: 301,
        code: 'PermanentRedirect',
        headers: { 'x-amz-bucket-region': 'us-west-2' },
      },
      /^AWS_REGION: .* in us-west-2\.$/,
    ],
    [{ kind: 'status', status: 400, code: 'ExpiredToken' }, /^IMAGE_STORE: .*credentials.*\(ExpiredToken\)/],
    [{ kind: 'status', status: 503, code: 'SlowDown' }, /^IMAGE_STORE: .* cannot be used .*SlowDown/],
    [{ kind: 'hang' }, /^S3_ENDPOINT: .* does not answer/],
  ])('%j', async (failure, line) => {
    failing(failure);
    expect(await start({ patience: patienceWith(failure) })).toMatchObject({
      problems: [expect.stringMatching(line)],
    });
  });
});
