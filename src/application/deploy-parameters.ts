/** A wish ("CLIP, on this instance, with these weights") as the parameters of deploy/infra/clip-endpoint.yaml. Pure. */
import { DeployFault, type PackedFolder } from './ports-deploy.ts';

export interface ClipWish {
  readonly stack: string;
  readonly bucket: string;
  /** Before `/clip/<sha256>.tar.gz`. */
  readonly prefix: string;
  readonly instanceType: string;
  readonly instanceCount: number;
  readonly maxInstances: number;
  /** `s3://bucket/prefix/`, a hub id, or null: the weights are in the folder. */
  readonly modelId: string | null;
  readonly modelRevision: string | null;
  readonly imageUri: string | null;
  readonly kmsKey: string | null;
  readonly executionRole: string | null;
  readonly permissionsBoundary: string | null;
}

export interface ClipPlan {
  readonly key: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The parameters that reach the model or the endpoint configuration; all others change nothing about either. */
export const releaseParameters = [
  'ArtifactBucket',
  'ArtifactKey',
  'ModelId',
  'ModelRevision',
  'ImageUri',
  'ExecutionRoleArn',
  'InstanceType',
  'InferenceAmiVersion',
  'MinInstances',
] as const;

/** `hash`: text -> hex digits. */
export function planClip(
  wish: ClipWish,
  packed: PackedFolder,
  region: string,
  template: string,
  hash: (text: string) => string,
): ClipPlan {
  const gpu = /^ml\.[gp]\d/.test(wish.instanceType);
  const image = readImage(wish.imageUri ?? defaultImage(region, gpu), region);
  const weights = /^s3:\/\/([^/]+)\/(.+)$/.exec(wish.modelId ?? '');
  const key = `${wish.prefix}/clip/${packed.sha256}.tar.gz`;
  const parameters = {
    ArtifactBucket: wish.bucket,
    ArtifactKey: key,
    ArtifactPrefix: `${wish.prefix}/clip/`,
    ModelId: wish.modelId ?? '',
    ModelRevision: wish.modelRevision ?? '',
    WeightsBucket: weights?.[1] ?? '',
    WeightsPrefix: weights?.[2] ?? '',
    KmsKeyArn: wish.kmsKey ?? '',
    ImageUri: image.uri,
    ImageRepositoryArn: image.repositoryArn,
    ExecutionRoleArn: wish.executionRole ?? '',
    PermissionsBoundaryArn: wish.permissionsBoundary ?? '',
    InstanceType: wish.instanceType,
    InferenceAmiVersion: gpu ? 'al2023-ami-sagemaker-inference-gpu-4-1' : 'none',
    MinInstances: String(wish.instanceCount),
    MaxInstances: String(wish.maxInstances),
    Autoscaling: wish.maxInstances > wish.instanceCount ? 'on' : 'off',
  };
  const content = releaseParameters.map((name) => [name, parameters[name]]);
  // The template is part of it: what it says of the model cannot be changed in place either.
  const release = hash(JSON.stringify([content, template])).slice(0, 12);
  return { key, parameters: { ...parameters, Release: release } };
}

/** AWS's own LMI images: CUDA 13 for a GPU, or the processor alone. */
function defaultImage(region: string, gpu: boolean): string {
  if (!/^(us|eu|ap|ca|sa|me|af|il|mx)-(?!gov|iso)/.test(region))
    throw new DeployFault(`Name the container image for ${region} with --image-uri.`, { nothingBegun: true });
  const tag = gpu ? '0.36.0-lmi28.0.0-cu130' : '0.36.0-cpu-full';
  return `763104351884.dkr.ecr.${region}.amazonaws.com/djl-inference:${tag}`;
}

function readImage(uri: string, region: string): { uri: string; repositoryArn: string } {
  const found =
    /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?\/([a-z0-9._/-]+)(:[\w.-]+|@sha256:[0-9a-f]{64})$/.exec(
      uri,
    );
  if (!found)
    throw new DeployFault(
      '--image-uri is <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>, or @sha256:<digest>.',
      { nothingBegun: true },
    );
  const [, account, home, china, repository] = found;
  if (home !== region)
    throw new DeployFault(
      `SageMaker pulls images from its own region: this one is in ${home}, the endpoint in ${region}.`,
      { nothingBegun: true },
    );
  const partition = china ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  return { uri, repositoryArn: `arn:${partition}:ecr:${home}:${account}:repository/${repository}` };
}
