import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';
import { parseDeployArguments } from '../../src/cli/deploy/arguments.ts';
import { command } from '../command.ts';

const parse = (line: string) => parseDeployArguments(line.split(' ').filter(Boolean));

test('what is not said has a default', () => {
  expect(parse('clip --bucket b12 --model-id openai/clip-vit-base-patch32 --model-revision 3d74acf')).toEqual(
    {
      command: 'deploy',
      region: null,
      dryRun: false,
      yes: false,
      wish: {
        stack: 'hangtag-clip',
        bucket: 'b12',
        prefix: 'hangtag',
        instanceType: 'ml.g5.xlarge',
        instanceCount: 1,
        maxInstances: 2,
        modelId: 'openai/clip-vit-base-patch32',
        modelRevision: '3d74acf',
        imageUri: null,
        kmsKey: null,
        executionRole: null,
        permissionsBoundary: null,
      },
    },
  );
  expect(parse('clip destroy --stack a --yes --region eu-central-1')).toEqual({
    command: 'destroy',
    stack: 'a',
    yes: true,
    region: 'eu-central-1',
  });
  expect(parse('clip package --to out')).toEqual({ command: 'package', to: 'out', weights: null });
  expect(parse('clip package --to out --weights w')).toEqual({
    command: 'package',
    to: 'out',
    weights: 'w',
  });
});

test.each([
  ['', 'deploy clip'],
  ['blip --bucket b12', 'deploy clip'],
  ['clip', '--bucket'],
  ['clip --bucket B_', '--bucket'],
  ['clip stats', '"stats"'],
  ['clip status now', '"status now"'],
  ['clip status --bucket b12', '--bucket'],
  ['clip smoke --yes', '--yes'],
  ['clip package', '--to'],
  ['clip package out', '"package out"'],
  ['clip package --to out --bucket b12', '--bucket'],
  ['clip --bucket b12 --weights w', '--weights'],
  ['clip status --to out', '--to'],
  ['clip --bucket b12 --stack Clip', '--stack'],
  ['clip --bucket b12 --stack clip-', '--stack'],
  [`clip --bucket b12 --stack ${'a'.repeat(41)}`, '--stack'],
  ['clip --bucket b12 --region mars', '--region'],
  ['clip --bucket b12 --prefix /x/', '--prefix'],
  ['clip --bucket b12 --instance-type g5.xlarge', '--instance-type'],
  ['clip --bucket b12 --instance-type ml.inf2.xlarge', 'Inferentia'],
  ['clip --bucket b12 --instance-count 0', '--instance-count'],
  ['clip --bucket b12 --instance-count 1.5', '--instance-count'],
  ['clip --bucket b12 --instance-count 3 --max-instances 2', '--max-instances'],
  ['clip --bucket b12 --model-id s3://weights', 'a whole bucket'],
  ['clip --bucket b12 --model-id clip', '--model-id'],
  ['clip --bucket b12 --model-id s3://weights/a --model-revision x', '--model-revision'],
  ['clip --bucket b12 --kms-key alias/x', '--kms-key'],
  ['clip --bucket b12 --execution-role admin', '--execution-role'],
  ['clip --bucket b12 --dryrun', '--dryrun'],
])('"%s" is refused in words', (line, named) => {
  expect(parse(line)).toEqual(expect.stringContaining(named));
});

test('the command itself: help, misuse and missing credentials, each with its exit code', async () => {
  const run = (...args: string[]) =>
    new Promise<{ code: number; text: string }>((resolve) => {
      const env = {
        PATH: process.env.PATH,
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_CONFIG_FILE: '/nowhere',
        AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
      };
      execFile(process.execPath, [command, ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr }),
      );
    });
  expect((await run('help')).text).toContain('deploy clip --bucket');
  expect((await run('deploy', 'clip')).code).toBe(2);
  const nobody = await run('deploy', 'clip', 'status', '--region', 'eu-central-1');
  expect(nobody.text).toContain('No AWS credentials were found');
  expect(nobody.code).toBe(2);
  expect((await run('deploy', 'clip', 'destroy')).text).toContain('add --yes');
});
