/** The first sample's contract, through the AWS SDK and the front door. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openProbabilityEndpoint } from '../../../../src/adapters/inference/sagemaker/probability-endpoint.ts';
import { createRuntime, type Runtime } from '../../../../src/adapters/inference/sagemaker/runtime.ts';
import type { PromptScorer } from '../../../../src/application/ports-clip.ts';
import { type Door, startDoor } from '../../../rings/sagemaker-door.ts';

const credentials = { accessKeyId: 'AKIDSTANDIN', secretAccessKey: 'a-secret', region: 'eu-test-1' };
const picture = new Uint8Array([1, 2, 3]);
let door: Door;
let runtime: Runtime;
let asked: { image: string; prompt: string[] }[];
let answer: (prompts: readonly string[]) => unknown;

beforeEach(async () => {
  asked = [];
  answer = (prompts) => [prompts.map((_, index) => (index === 0 ? 0.75 : 0.25 / (prompts.length - 1)))];
  const container = (_: unknown, body: Buffer) => {
    asked.push(JSON.parse(body.toString()));
    const given = answer(asked.at(-1)!.prompt);
    const text = typeof given === 'string' ? given : JSON.stringify(given);
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(text) };
  };
  door = await startDoor({ containers: { sample: container }, credentials });
  for (const [name, value] of Object.entries(door.environment)) vi.stubEnv(name, value || undefined);
  const place = { endpoint: 'sample', variant: null, inferenceComponent: null, region: null };
  runtime = createRuntime({ ...place, sockets: 4 });
});
afterEach(async () => {
  runtime.close();
  await door.close();
  vi.unstubAllEnvs();
});
const open = (maxPayload = 1_000_000): Promise<PromptScorer> =>
  openProbabilityEndpoint(
    { runtime, name: 'sample', maxPayload, slots: 2, deadlineMs: 3000 },
    new Uint8Array([9]),
  );

describe('an endpoint of the first sample', () => {
  test('is asked once at the start, and then for what is wanted', async () => {
    const scorer = await open();
    expect(asked).toEqual([{ image: 'CQ==', prompt: ['a photo of a dress', 'a photo of a shoe'] }]);
    expect(await scorer.score(picture, ['a', 'b', 'c'])).toEqual([0.75, 0.125, 0.125]);
    expect(asked[1]).toEqual({ image: 'AQID', prompt: ['a', 'b', 'c'] });
    expect(scorer.card).toMatchObject({ backend: 'sagemaker', id: 'sample' });
    await scorer.close();
  });

  test.each([
    ['<html>', 'something other than JSON'],
    [{ error: 'no' }, 'no row of probabilities'],
    [[[0.5, 0.5, 0.5], [0.5]], 'no row of probabilities'],
    [[[2, -1]], 'no row of probabilities'],
    [[[0.5]], '1 probabilities for 2 prompts'],
    [[[0.4, 0.4]], 'sum to 0.800'],
  ])('that answers %j is none that can be used', async (given, said) => {
    answer = () => given;
    await expect(open()).rejects.toMatchObject({
      code: 'inference.unavailable',
      message: expect.stringContaining(said),
    });
  });

  test('that has no room just now is asked again; what it refuses for good is said in its code', async () => {
    const scorer = await open();
    const usual = answer;
    let refusals = 0;
    const refuse = (code: string, retry: boolean) => ({ error: { code, message: 'no', retry } });
    answer = (prompts) => (refusals++ === 0 ? refuse('inference.out_of_memory', true) : usual(prompts));
    expect(await scorer.score(picture, ['a', 'b'])).toEqual([0.75, 0.25]);
    answer = () => refuse('image.unreadable', false);
    const asks = asked.length;
    await expect(scorer.score(picture, ['a', 'b'])).rejects.toThrow('image.unreadable');
    expect(asked).toHaveLength(asks + 1);
    answer = usual;
    await scorer.close();
  });

  test('lets a caller go who leaves, and the call with it', async () => {
    const scorer = await open();
    door.script('hang');
    const leaving = new AbortController();
    const left = scorer.score(picture, ['a', 'b'], leaving.signal);
    setTimeout(() => leaving.abort(), 50);
    await expect(left).rejects.toMatchObject({ code: 'request.cancelled' });
    // Its slot is free: both are.
    const both = [scorer.score(picture, ['a', 'b']), scorer.score(picture, ['a', 'b'])];
    await Promise.all(both);
    await scorer.close();
  });

  test('is never sent more than it takes', async () => {
    const scorer = await open(400);
    await expect(scorer.score(new Uint8Array(400), ['a', 'b'])).rejects.toThrow('SAGEMAKER_MAX_PAYLOAD, 400');
    expect(asked).toHaveLength(1);
    await scorer.close();
  });
});
