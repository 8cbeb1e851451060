/** The three clients of AWS that deploying uses, with their deadlines. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { S3Client } from '@aws-sdk/client-s3';
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';

const quiet = () => {};

export interface AwsClients {
  readonly s3: S3Client;
  readonly formation: CloudFormationClient;
  readonly runtime: SageMakerRuntimeClient;
}

/** `region`: null as the SDK finds it. `ownS3`: one that is not AWS's, asked by path. */
export function createClients({ region, ownS3 }: { region: string | null; ownS3: boolean }): AwsClients {
  const place = region === null ? {} : { region };
  const patient = { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true };
  return {
    s3: new S3Client({
      ...place,
      forcePathStyle: ownS3,
      // Uploads are streams, which only `createArtifacts` can begin anew.
      maxAttempts: 3,
      // An upload that was cut off is told in our own words.
      logger: { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet },
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // No limit for a whole upload, but for silence.
      requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
    }),
    formation: new CloudFormationClient({ ...place, maxAttempts: 5, requestHandler: patient }),
    // SageMaker itself gives up after 60 s.
    runtime: new SageMakerRuntimeClient({
      ...place,
      maxAttempts: 3,
      requestHandler: { ...patient, requestTimeout: 70_000 },
    }),
  };
}
