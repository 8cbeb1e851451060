/** Over the stand-in, and over a real server where there is one: `test/rings/s3.sh` brings it. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe } from 'vitest';
import { createS3Originals } from '../../src/adapters/originals/s3.ts';
import { type S3StandIn, signer, startS3 } from '../adapters/originals/s3-stand-in.ts';
import { originalsContract } from './originals.contract.ts';

let standIn: S3StandIn;
beforeAll(async () => {
  standIn = await startS3();
});
afterAll(() => standIn?.close());

const open = (url: string) =>
  createS3Originals({ url, endpoint: standIn.endpoint, region: signer.region, credentials: signer });
originalsContract({ name: 's3', open: () => open('s3://originals/some/where'), keeps: true });
originalsContract({ name: 's3, a whole bucket', open: () => open('s3://originals'), keeps: true });

const server = process.env.TEST_S3_ENDPOINT;
describe.skipIf(!server)('on a server of somebody else (needs TEST_S3_ENDPOINT)', () => {
  const bucket = `contract-${Date.now()}`;
  const options = {
    endpoint: server,
    region: 'us-east-1',
    credentials: {
      accessKeyId: process.env.TEST_S3_ACCESS_KEY_ID ?? '',
      secretAccessKey: process.env.TEST_S3_SECRET_ACCESS_KEY ?? '',
    },
  };
  beforeAll(async () => {
    const client = new S3Client({ ...options, endpoint: server!, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  });
  originalsContract({
    name: 's3 of another maker',
    open: () => createS3Originals({ url: `s3://${bucket}/prefix`, ...options }),
    keeps: true,
  });
});
