/**
 * A client with the AWS SDK, the front door, DJL's Python engine and the handler of deploy/clip, as one.
 * Needs the served models: bash test/rings/djl.sh serve -- npx vitest run test/rings
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Door, startDoor } from './sagemaker-door.ts';

interface Reference {
  readonly size: number;
  readonly card: { readonly fingerprint: string; readonly dim: number };
  /** `pixels`: a file of size x size x 3 bytes; `vector`: base64 of float32. See djl/reference.py. */
  readonly pictures: readonly { name: string; file: string; pixels: string; vector: string }[];
}

const { DJL_CLIP_URL: clip = '', DJL_SIGLIP_URL: siglip = '', DJL_REFERENCE: references = '' } = process.env;
const credentials = { accessKeyId: 'AKIDSTANDIN', secretAccessKey: 'a-secret', region: 'eu-test-1' };

describe.skipIf(clip === '')('served behind the door', () => {
  let door: Door;
  let sdk: SageMakerRuntimeClient;

  beforeAll(async () => {
    door = await startDoor({ containers: { clip, siglip }, credentials });
    sdk = new SageMakerRuntimeClient({ endpoint: door.url, region: credentials.region, credentials });
  });
  afterAll(async () => {
    sdk.destroy();
    await door.close();
  });

  async function ask(
    EndpointName: string,
    ContentType: string,
    Body: Uint8Array | string,
    attributes: string,
  ) {
    const command = new InvokeEndpointCommand({
      EndpointName,
      ContentType,
      Body,
      CustomAttributes: attributes,
    });
    return JSON.parse((await sdk.send(command)).Body.transformToString());
  }

  const floats = (base64: string) => {
    const bytes = Buffer.from(base64, 'base64');
    return Array.from({ length: bytes.byteLength / 4 }, (_, place) => bytes.readFloatLE(place * 4));
  };
  const apart = (a: readonly number[], b: readonly number[]) =>
    Math.max(...a.map((value, place) => Math.abs(value - b[place]!)));

  test.each(['clip', 'siglip'])(
    '%s: a file and its prepared pixels give the reference vector',
    async (kind) => {
      const text = await readFile(path.join(references, `${kind}.json`), 'utf8');
      const { size, card, pictures }: Reference = JSON.parse(text);
      expect((await ask(kind, 'application/json', '{"task":"describe"}', '')).fingerprint).toBe(
        card.fingerprint,
      );
      expect(pictures.length).toBeGreaterThan(8);
      const seen = new Set<string>();
      for (const { name, file, pixels, vector } of pictures) {
        const wanted = floats(vector);
        expect([name, wanted.length, Math.hypot(...wanted)]).toEqual([name, card.dim, expect.closeTo(1, 5)]);
        const bytes = await readFile(pixels);
        expect(bytes.byteLength).toBe(size * size * 3);
        const bySize = `task=embed;size=${size};count=1;fingerprint=${card.fingerprint}`;
        const prepared = await ask(kind, 'application/octet-stream', bytes, bySize);
        const encoded = await ask(kind, 'image/*', await readFile(file), 'task=embed');
        for (const answer of [prepared, encoded])
          expect(apart(floats(answer.images[0].vector), wanted)).toBeLessThan(2e-6);
        seen.add(vector);
      }
      // Different pictures, different vectors.
      expect(seen.size).toBe(pictures.length);
    },
  );

  test('what the handler refuses comes with 200 and a code; what the server refuses is a ModelError', async () => {
    const nothing = await ask('clip', 'application/json', '{"task":"embed"}', '');
    expect(nothing.error).toMatchObject({ code: 'request.empty', retry: false });
    const changed = await ask(
      'clip',
      'application/json',
      '{"task":"embed","texts":["x"]}',
      'fingerprint=sha256:0',
    );
    expect(changed.error).toMatchObject({ code: 'model.changed' });
    await expect(
      ask('clip', 'application/json', '{"task":"describe"}', 'handler=other'),
    ).rejects.toMatchObject({
      name: 'ModelError',
      OriginalStatusCode: 400,
      OriginalMessage: expect.stringContaining('BadRequestException'),
    });
  });
});
