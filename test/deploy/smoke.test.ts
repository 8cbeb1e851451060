/** `deploy clip smoke`: one real call, and what is said when the answer is not what it should be. */
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { clipAnswer, startWorld } from './world.ts';

const clip = 'clip --bucket artifacts --model-id s3://weights/vit-b-32/ --yes';
const good = clipAnswer({
  image: [1, 0, 0],
  texts: [
    [0.6, 0.8, 0],
    [0, 1, 0],
  ],
});

async function deployed(answer: unknown, status = 200) {
  const world = await startWorld();
  await world.run(clip);
  const asked: unknown[] = [];
  world.aws.answer = (body) => {
    asked.push(body);
    return { status, body: answer };
  };
  return { ...(await world.run('clip smoke')), asked };
}

test('a picture and two texts go in; dimension, time, fingerprint and likeness come out', async () => {
  const { code, text, asked, requests } = await deployed(good);
  expect(code).toBe(0);
  expect(text).toMatch(/^hangtag-clip answered in \d+ ms: 3 dimensions, sha256:0123\n/);
  expect(text).toContain('a red square is to "a plain red square" as 0.600\n');
  expect(text).toContain('a red square is to "a photo of a blue bicycle" as 0.000\n');
  expect(requests).toContain('invoke hangtag-clip');
  const [body] = asked as { task: string; images: { file: string }[]; texts: string[] }[];
  expect(body).toMatchObject({ task: 'embed', texts: [expect.any(String), expect.any(String)] });
  const picture = sharp(Buffer.from(body!.images[0]!.file, 'base64'));
  expect(await picture.metadata()).toMatchObject({ format: 'png', width: 64, height: 64 });
  expect([...(await picture.raw().toBuffer()).subarray(0, 3)]).toEqual([0xd0, 0, 0]);
});

const [text] = good.texts;
test.each([
  ['not JSON', 'not JSON', 'something other than JSON'],
  ['the sample of others', [[0.5, 0.5]], "is this hangtag's CLIP?"],
  [
    'an error',
    { error: { code: 'model.changed', message: 'another model', retry: false } },
    'another model (model.changed)',
  ],
  ['no fingerprint', { ...good, fingerprint: '' }, 'names no fingerprint'],
  ['one text', { ...good, texts: [text] }, 'does not answer both texts'],
  [
    'a failed picture',
    { ...good, images: [{ error: { code: 'image.unreadable', message: 'bad' } }] },
    'could not embed the picture: bad (image.unreadable)',
  ],
  ['another dimension', { ...good, dim: 4 }, 'has 12 bytes and not 16'],
  [
    'a vector that is not a unit',
    clipAnswer({
      image: [1, 1, 0],
      texts: [
        [1, 0, 0],
        [0, 1, 0],
      ],
    }),
    'has length 1.41',
  ],
  [
    'a vector of nothing',
    clipAnswer({
      image: [Number.NaN, 0, 0],
      texts: [
        [1, 0, 0],
        [0, 1, 0],
      ],
    }),
    'has length NaN',
  ],
])('%s is a failure', async (_, answer, words) => {
  const ran = await deployed(answer);
  expect(ran.text).toContain(words);
  expect(ran.code).toBe(1);
});

test('a container that fails is told from an endpoint that is not there', async () => {
  const broken = await deployed('worker died', 503);
  expect(broken.code).toBe(1);
  expect(broken.text).toContain('its container answered 503: worker died');
  expect(broken.text).toContain('/aws/sagemaker/Endpoints/hangtag-clip');
  const world = await startWorld();
  const nothing = await world.run('clip smoke');
  expect(nothing.code).toBe(2);
  expect(nothing.text).toContain('hangtag-clip has no endpoint.');
});
