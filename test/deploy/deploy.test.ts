/** `deploy clip` against AWS on loopback: create, again, update, failure, end, and what surrounds them. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { account } from './aws.ts';
import { startWorld, type World } from './world.ts';

const clip = 'clip --bucket artifacts --stack shop-clip --model-id s3://weights/vit-b-32 --yes';

function stack(world: World, name = 'shop-clip') {
  const found = world.aws.formation.stacks.findLast((one) => one.name === name);
  if (!found) throw new Error('There is no such stack');
  return found;
}

test('the first deployment packs, plans, uploads, makes everything and says where it is', async () => {
  const world = await startWorld();
  const ran = await world.run(clip);
  expect(ran.text).toContain('Done.');
  expect(ran.code).toBe(0);
  const [key, ...others] = world.aws.objects.keys();
  expect(others).toEqual([]);
  expect(key).toMatch(/^hangtag\/clip\/[0-9a-f]{64}\.tar\.gz$/);
  expect(ran.text).toContain(`for s3://artifacts/${key}`);
  expect(ran.text).toMatch(/\+ Endpoint \(AWS::SageMaker::Endpoint\)/);
  expect(ran.text).toMatch(/\d\d:\d\d:\d\d {2}CREATE_COMPLETE {7}Model \(AWS::SageMaker::Model\)/);
  expect(ran.text).toContain('EndpointName: shop-clip');
  expect(stack(world).status).toBe('CREATE_COMPLETE');
  // The plan comes before the upload, the upload before the model that is made from it.
  const order = ran.requests.filter((request) => /^(PUT|CreateChangeSet|ExecuteChangeSet)/.test(request));
  expect(order).toEqual(['CreateChangeSet', `PUT ${key}`, 'ExecuteChangeSet']);
  expect(stack(world).parameters).toMatchObject({
    WeightsBucket: 'weights',
    WeightsPrefix: 'vit-b-32/',
    ModelId: 's3://weights/vit-b-32/',
    ImageUri: expect.stringContaining('.eu-test-1.amazonaws.com/djl-inference:'),
  });
});

test('again, nothing is uploaded and nothing is changed; a lost object is put back', async () => {
  const world = await startWorld();
  await world.run(clip);
  const again = await world.run(clip);
  expect(again.code).toBe(0);
  expect(again.text).toContain('Everything is as it should be.');
  expect(again.text).toContain('nothing to upload');
  expect(again.text).toContain('EndpointName: shop-clip');
  expect(again.requests.filter((request) => /^(PUT|Execute)/.test(request))).toEqual([]);
  expect(world.aws.formation.changeSets).toEqual([]);

  const [key] = world.aws.objects.keys();
  world.aws.objects.clear();
  await world.run(clip);
  expect([...world.aws.objects.keys()]).toEqual([key]);
  // An object of that name with other bytes does not count as it.
  const stored = world.aws.objects.get(key!)!;
  world.aws.objects.set(key!, { ...stored, sha256: `${'A'.repeat(43)}=` });
  expect((await world.run(clip)).requests).toContain(`PUT ${key}`);
});

test('a dry run shows the plan and leaves nothing behind', async () => {
  const world = await startWorld();
  const ran = await world.run(`${clip.replace(' --yes', '')} --dry-run`);
  expect(ran.code).toBe(0);
  expect(ran.text).toMatch(/\+ EndpointConfig/);
  expect(ran.text).toContain('nothing was uploaded');
  expect(world.aws.objects.size).toBe(0);
  expect(stack(world).status).toBe('DELETE_COMPLETE');
  expect(world.aws.formation.changeSets).toEqual([]);

  await world.run(clip);
  const planned = await world.run(`${clip} --max-instances 5 --dry-run`);
  expect(planned.text).toContain('~ ScalableTarget');
  expect(stack(world).parameters.MaxInstances).toBe('2');
  expect(stack(world).status).toBe('CREATE_COMPLETE');
});

test('another file makes another model, configuration and endpoint update, and the old ones go', async () => {
  const world = await startWorld();
  await world.run(clip);
  const before = stack(world).resources.find(({ name }) => name === 'Model')!.properties.ModelName;
  await writeFile(path.join(world.folder, 'model.py'), 'from towers import image, text\n');
  const ran = await world.run(clip);
  expect(ran.code).toBe(0);
  expect(ran.text).toContain('± Model (AWS::SageMaker::Model), made anew');
  expect(ran.text).toContain('~ Endpoint (AWS::SageMaker::Endpoint)');
  expect(ran.text).not.toContain('ScalableTarget');
  expect(stack(world).status).toBe('UPDATE_COMPLETE');
  expect(stack(world).resources.find(({ name }) => name === 'Model')!.properties.ModelName).not.toBe(before);
  expect(world.aws.objects.size).toBe(2);
});

test('scaling is taken off while the type of the instance changes, because SageMaker wants that', async () => {
  const world = await startWorld();
  await world.run(clip);
  const ran = await world.run(`${clip} --instance-type ml.g6.xlarge`);
  expect(ran.text).toContain('scaling: that is taken off first');
  expect(ran.code).toBe(0);
  expect(stack(world).parameters).toMatchObject({ InstanceType: 'ml.g6.xlarge', Autoscaling: 'on' });
  expect(ran.requests.filter((request) => request === 'ExecuteChangeSet')).toHaveLength(2);
  expect(stack(world).resources.map(({ name }) => name)).toContain('ScalableTarget');
});

test('a failed endpoint: the first reason is shown, the stack is offered for removal, and then it works', async () => {
  const world = await startWorld();
  world.aws.formation.fail = ({ name }) =>
    name === 'Endpoint' ? 'The primary container did not pass the ping health check.' : null;
  const failed = await world.run(clip);
  expect(failed.code).toBe(1);
  const told = failed.text.slice(failed.text.indexOf('The endpoint was not made'));
  expect(told).toContain(
    '(ROLLBACK_COMPLETE).\nEndpoint (AWS::SageMaker::Endpoint): The primary container did not pass the ping health check.\n',
  );
  const status = await world.run('clip status --stack shop-clip');
  expect(status.code).toBe(1);
  expect(status.text).toContain(
    'What went wrong: Endpoint (AWS::SageMaker::Endpoint): The primary container',
  );

  const unasked = await world.run(`${clip} --dry-run`);
  expect(unasked.code).toBe(2);
  expect(unasked.text).toContain('can only be removed (ROLLBACK_COMPLETE)');
  expect(unasked.text).toContain('deploy clip destroy --stack shop-clip');
  expect(stack(world).status).toBe('ROLLBACK_COMPLETE');

  const declined = await world.run(clip.replace(' --yes', ''), { answers: [false] });
  expect(declined.code).toBe(2);
  world.aws.formation.fail = () => null;
  const healed = await world.run(clip.replace(' --yes', ''), { answers: [true, true] });
  expect(healed.code).toBe(0);
  expect(stack(world).status).toBe('CREATE_COMPLETE');
});

test('a failed update leaves the endpoint as it was, and the next one goes through', async () => {
  const world = await startWorld();
  await world.run(clip);
  await writeFile(path.join(world.folder, 'model.py'), 'raise SystemExit\n');
  world.aws.formation.fail = ({ name }) => (name === 'Endpoint' ? 'Alarm shop-clip-ServerErrors' : null);
  const failed = await world.run(clip);
  expect(failed.code).toBe(1);
  expect(failed.text).toContain('the endpoint is as it was before (UPDATE_ROLLBACK_COMPLETE)');
  expect(failed.text).toContain('Endpoint (AWS::SageMaker::Endpoint): Alarm shop-clip-ServerErrors');
  world.aws.formation.fail = () => null;
  expect((await world.run(clip)).code).toBe(0);
  expect(stack(world).status).toBe('UPDATE_COMPLETE');
});

test('a deployment that was left alone is followed, not begun twice', async () => {
  const world = await startWorld();
  const stop = new AbortController();
  world.aws.formation.fail = () => {
    stop.abort();
    return null;
  };
  const left = await world.run(clip, { stop: stop.signal });
  expect(left.code).toBe(1);
  expect(left.text).toContain('What AWS has begun goes on');
  // The execution was accepted; the first look finds it under way.
  stack(world).ahead.shift()?.();
  expect(stack(world).status).toBe('CREATE_IN_PROGRESS');
  expect((await world.run('clip status --stack shop-clip')).code).toBe(0);
  const again = await world.run(clip);
  expect(again.text).toContain('shop-clip is changing already (CREATE_IN_PROGRESS)');
  expect(again.text).toContain('Everything is as it should be.');
  expect(again.requests).not.toContain('ExecuteChangeSet');
});

test('destroy takes everything but the bucket, and again finds nothing', async () => {
  const world = await startWorld();
  await world.run(clip);
  const kept = await world.run('clip destroy --stack shop-clip', { answers: [false] });
  expect(kept.code).toBe(2);
  expect(stack(world).status).toBe('CREATE_COMPLETE');
  world.aws.formation.fail = ({ name }, doing) =>
    name === 'LogGroup' && doing === 'DELETE' ? 'You may not delete it' : null;
  const stuck = await world.run('clip destroy --stack shop-clip --yes');
  expect(stuck.code).toBe(1);
  expect(stuck.text).toContain('LogGroup (AWS::Logs::LogGroup): You may not delete it');
  world.aws.formation.fail = () => null;
  const gone = await world.run('clip destroy --stack shop-clip', { answers: [true] });
  expect(gone.code).toBe(0);
  expect(gone.text).toContain('The bucket and what is in it stay.');
  expect(stack(world).status).toBe('DELETE_COMPLETE');
  expect(world.aws.objects.size).toBe(1);
  const again = await world.run('clip destroy --stack shop-clip --yes');
  expect(again.code).toBe(0);
  expect(again.text).toContain('There is no shop-clip: nothing to remove.');
  expect((await world.run('clip status --stack shop-clip')).code).toBe(1);
});

test('without a terminal nothing is begun unless --yes says so; with one, no is no', async () => {
  const world = await startWorld();
  const asking = clip.replace(' --yes', '');
  const mute = await world.run(asking);
  expect([mute.code, mute.requests]).toEqual([2, []]);
  const no = await world.run(asking, { answers: [false] });
  expect(no.code).toBe(2);
  expect(world.aws.objects.size).toBe(0);
  expect(stack(world).status).toBe('DELETE_COMPLETE');
});

test('an interrupted upload is begun anew; too many of them deploy nothing, and the next run does', async () => {
  const world = await startWorld();
  world.aws.cutUploads = 2;
  const ran = await world.run(clip);
  expect(ran.code).toBe(0);
  expect(ran.requests.filter((request) => request.startsWith('PUT'))).toHaveLength(3);
  expect(ran.text).toContain('Interrupted, once more.');

  await writeFile(path.join(world.folder, 'model.py'), 'pass\n');
  world.aws.cutUploads = 4;
  const failed = await world.run(clip);
  expect(failed.code).toBe(1);
  expect(failed.text).toContain('The upload was interrupted 4 times');
  expect(failed.requests).not.toContain('ExecuteChangeSet');
  expect(world.aws.objects.size).toBe(1);
  expect((await world.run(clip)).code).toBe(0);
  expect(world.aws.objects.size).toBe(2);
});

test.each([
  ['AWS_SECRET_ACCESS_KEY', 'wrong'],
  ['AWS_ACCESS_KEY_ID', 'AKIDNOBODY'],
])('wrong credentials (%s) are named, and nothing of them is said', async (name, value) => {
  const world = await startWorld();
  vi.stubEnv(name, value);
  for (const command of [clip, 'clip status', 'clip destroy --yes', 'clip smoke']) {
    const { code, text } = await world.run(command);
    expect(code).toBe(2);
    expect(text).toMatch(/AWS does not accept|may not use the bucket/);
    expect(text).not.toContain(account.sessionToken);
  }
  expect(world.aws.objects.size).toBe(0);
});

test('no credentials, no region, no bucket, a bucket elsewhere: each is said, and nothing is begun', async () => {
  const world = await startWorld();
  const expectRefused = async (words: string, command = clip) => {
    const { code, text } = await world.run(command);
    expect(text).toContain(words);
    expect(code).toBe(2);
  };
  await expectRefused('There is no bucket nowhere', clip.replace('artifacts', 'nowhere'));
  world.aws.bucketRegion = 'us-west-2';
  await expectRefused('The bucket artifacts is in us-west-2');
  vi.stubEnv('AWS_REGION', undefined);
  await expectRefused('Name a region');
  vi.stubEnv('AWS_REGION', account.region);
  vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
  await expectRefused('No AWS credentials were found');
  expect(world.aws.formation.stacks).toEqual([]);
});

test('a key of KMS encrypts the upload and is what the role may decrypt with', async () => {
  const world = await startWorld();
  const arn = 'arn:aws:kms:eu-test-1:123456789012:key/aa-bb';
  expect((await world.run(`${clip} --kms-key ${arn}`)).code).toBe(0);
  expect([...world.aws.objects.values()][0]!.kmsKey).toBe(arn);
  expect(JSON.stringify(stack(world).resources)).toContain(`"Action":"kms:Decrypt","Resource":"${arn}"`);
});
