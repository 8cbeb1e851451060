/**
 * The service with its originals in S3: on the stand-in, and on a server of somebody else where there is one
 * (`test/rings/s3.sh` brings it).
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type S3StandIn, type StoredObject, signer, startS3 } from '../adapters/originals/s3-stand-in.ts';
import { type Service, startService } from './service.ts';

const photo = await readFile(path.resolve(import.meta.dirname, '../fixtures/images/tall.jpg'));
/** Each is a picture of its own. */
const picture = (name: string) => Buffer.concat([photo, Buffer.from(name)]);
const keyOf = (bytes: Buffer) => {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return `shop/${sha256.slice(0, 2)}/${sha256}`;
};

interface Backing {
  readonly settings: Readonly<Record<string, string>>;
  /** Originals only. */
  keys(): Promise<string[]>;
  read(key: string): Promise<Buffer>;
  write(key: string, bytes: Buffer): Promise<void>;
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}
const isOriginal = (key: string) => /^shop\/[0-9a-f]{2}\/[0-9a-f]{64}$/.test(key);

async function standIn(): Promise<Backing & { readonly server: () => S3StandIn }> {
  let server = await startS3({ bucket: 'pictures' });
  const { objects, port, endpoint } = server;
  return {
    server: () => server,
    settings: {
      S3_ENDPOINT: endpoint,
      AWS_REGION: signer.region,
      AWS_ACCESS_KEY_ID: signer.accessKeyId,
      AWS_SECRET_ACCESS_KEY: signer.secretAccessKey,
      AWS_SESSION_TOKEN: signer.sessionToken!,
      IMAGE_STORE: 's3://pictures/shop',
    },
    keys: async () => [...objects.keys()].filter(isOriginal).sort(),
    read: async (key) => objects.get(key)!.bytes,
    async write(key, bytes) {
      const old: StoredObject = { bytes, contentType: '', at: new Date(Date.now() - 48 * 3_600_000) };
      objects.set(key, old);
    },
    down: () => server.close(),
    async up() {
      server = await startS3({ bucket: 'pictures', port, objects });
    },
    close: () => server.close(),
  };
}

async function another(endpoint: string): Promise<Backing> {
  const credentials = {
    accessKeyId: process.env.TEST_S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: process.env.TEST_S3_SECRET_ACCESS_KEY ?? '',
  };
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  const Bucket = `journey-${Date.now()}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  const door = process.env.TEST_S3_PID_FILE ?? '';
  const backing: Backing = {
    settings: {
      S3_ENDPOINT: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      IMAGE_STORE: `s3://${Bucket}/shop`,
    },
    async keys() {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
      return Contents.map(({ Key }) => Key ?? '')
        .filter(isOriginal)
        .sort();
    },
    async read(Key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      return Buffer.from(await Body!.transformToByteArray());
    },
    async write(Key, Body) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    async down() {
      await writeFile(`${door}.down`, '');
      process.kill(Number(await readFile(door, 'utf8')), 'SIGKILL');
    },
    async up() {
      await rm(`${door}.down`);
      await expect.poll(() => backing.keys().catch(() => null), { timeout: 20_000 }).not.toBeNull();
    },
    close: async () => client.destroy(),
  };
  return backing;
}

const server = process.env.TEST_S3_ENDPOINT;
describe.each([
  // The adapter is tested against the same stand-in in every run.
  { name: 'a stand-in (needs LONG_RUNS)', open: standIn, there: !!process.env.LONG_RUNS },
  {
    name: 'a server of somebody else (needs TEST_S3_ENDPOINT)',
    open: () => another(server!),
    there: !!server,
  },
])('originals in $name', ({ open, there }) => {
  describe.skipIf(!there)('one journey', () => {
    let backing: Backing;
    let folder: string;
    let service: Service;
    beforeAll(async () => {
      backing = await open();
      folder = await mkdtemp(path.join(tmpdir(), 'hangtag-s3-journey-'));
      service = await startService({ DATA_DIR: folder, LOG_LEVEL: 'info', ...backing.settings });
    });
    afterAll(async () => {
      await service?.stop();
      await backing?.close();
      await rm(folder, { recursive: true, force: true });
    });
    const tag = (id: string, name: string) =>
      fetch(`${service.url}/products/${id}/tags`, {
        method: 'POST',
        headers: { 'content-type': 'image/jpeg' },
        body: picture(name),
      });
    const forget = (id: string) => fetch(`${service.url}/products/${id}`, { method: 'DELETE' });
    const ready = () => fetch(`${service.url}/readyz`);

    test('photos become objects with the right bytes, each once', async () => {
      for (const [id, name] of [
        ['one', 'a'],
        ['two', 'b'],
        ['three', 'a'],
      ] as const)
        expect((await tag(id, name)).status).toBe(200);
      expect(await backing.keys()).toEqual(['a', 'b'].map((name) => keyOf(picture(name))).sort());
      expect(await backing.read(keyOf(picture('a')))).toEqual(picture('a'));
      expect(await (await ready()).json()).toMatchObject({ status: 'ready', checks: { originals: null } });
    });

    test('deleting a product removes its objects, unless another shows them', async () => {
      expect((await forget('one')).status).toBe(204);
      expect((await forget('two')).status).toBe(204);
      expect(await backing.keys()).toEqual([keyOf(picture('a'))]);
      expect((await forget('three')).status).toBe(204);
      expect(await backing.keys()).toEqual([]);
      expect((await tag('one', 'a')).status).toBe(200);
      expect(await backing.keys()).toEqual([keyOf(picture('a'))]);
    });

    test('S3 away: 503 and nothing stored; known pictures and reading go on; S3 back: 200, no restart', async () => {
      await backing.down();
      const refused = await tag('four', 'c');
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(await refused.json()).toMatchObject({ code: 'store.unavailable' });
      expect((await fetch(`${service.url}/products/four/tags`)).status).toBe(404);
      expect((await tag('five', 'a')).status).toBe(200);
      expect((await fetch(`${service.url}/products/one/tags`)).status).toBe(200);
      const unready = await ready();
      expect(unready.status).toBe(503);
      expect(await unready.json()).toMatchObject({ checks: { store: null, originals: expect.any(String) } });

      await backing.up();
      expect((await ready()).status).toBe(200);
      expect((await tag('four', 'c')).status).toBe(200);
      expect(await backing.keys()).toEqual(['a', 'c'].map((name) => keyOf(picture(name))).sort());
    });

    test('deleted while S3 was away: 204, and forgotten; what a crash left behind goes at the next start', async () => {
      await backing.down();
      expect((await forget('four')).status).toBe(204);
      expect((await fetch(`${service.url}/products/four/tags`)).status).toBe(404);
      await backing.up();
      expect(await backing.keys()).toContain(keyOf(picture('c')));
      await backing.write(keyOf(picture('leftover')), picture('leftover'));
      await service.stop();
      const log = service.log();
      for (const secret of ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_ACCESS_KEY_ID'])
        if (backing.settings[secret]) expect(log).not.toContain(backing.settings[secret]);
      service = await startService({ DATA_DIR: folder, LOG_LEVEL: 'info', ...backing.settings });
      // Only the stand-in lets a test write something that looks a day old.
      const leftover = keyOf(picture('leftover'));
      if (there && open === standIn) {
        await expect.poll(() => backing.keys(), { timeout: 20_000 }).not.toContain(leftover);
      }
      expect(await backing.keys()).toContain(keyOf(picture('a')));
    });
  });
});

describe('a start that cannot succeed', () => {
  test.each([
    [{ IMAGE_STORE: 's3://elsewhere/x' }, 'IMAGE_STORE: there is no bucket "elsewhere"'],
    [
      { AWS_SECRET_ACCESS_KEY: 'wrong' },
      'IMAGE_STORE: s3://pictures/shop does not accept the AWS credentials',
    ],
    [{ AWS_REGION: 'us-west-2' }, 'AWS_REGION: the bucket "pictures" of IMAGE_STORE is in eu-test-1.'],
    [{ AWS_REGION: '' }, 'AWS_REGION: is not set to a region'],
    [{ IMAGE_STORE: 'S3://UPPER' }, 'IMAGE_STORE: must be files, none or s3://bucket/prefix'],
  ])('%j is one line, without a stack', async (wrong, line) => {
    const backing = await standIn();
    const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-s3-journey-'));
    try {
      const failed = await startService({ DATA_DIR: folder, ...backing.settings, ...wrong }).catch(
        (error: unknown) => error as Error,
      );
      const text = (failed as Error).message;
      expect(text).toContain(line);
      expect(text).not.toMatch(/\n\s+at /);
      expect(text).not.toContain(signer.sessionToken);
    } finally {
      await backing.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
