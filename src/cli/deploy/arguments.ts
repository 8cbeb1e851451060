/** `deploy clip …` as typed, checked before anything is asked of AWS. */
import { parseArgs } from 'node:util';
import type { ClipWish } from '../../application/deploy-parameters.ts';

export type DeployArguments =
  | {
      readonly command: 'deploy';
      readonly region: string | null;
      readonly wish: ClipWish;
      readonly dryRun: boolean;
      readonly yes: boolean;
    }
  | {
      readonly command: 'status' | 'smoke' | 'destroy';
      readonly region: string | null;
      readonly stack: string;
      readonly yes: boolean;
    }
  | {
      readonly command: 'package';
      /** The folder of the archive, and a folder of weights that go along. */
      readonly to: string;
      readonly weights: string | null;
    };

/** What asks AWS. */
export type AwsArguments = Exclude<DeployArguments, { command: 'package' }>;

const options = {
  bucket: { type: 'string' },
  prefix: { type: 'string', default: 'hangtag' },
  stack: { type: 'string', default: 'hangtag-clip' },
  region: { type: 'string' },
  'instance-type': { type: 'string', default: 'ml.g5.xlarge' },
  'instance-count': { type: 'string', default: '1' },
  'max-instances': { type: 'string' },
  'model-id': { type: 'string' },
  'model-revision': { type: 'string' },
  'image-uri': { type: 'string' },
  'kms-key': { type: 'string' },
  'execution-role': { type: 'string' },
  'permissions-boundary': { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
  to: { type: 'string' },
  weights: { type: 'string' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

const upkeep = ['status', 'smoke', 'destroy'] as const;
const verbs = ['package', ...upkeep] as const;

/** What is meant by everything after `deploy`, or what is wrong with it in one sentence. */
export function parseDeployArguments(args: readonly string[]): DeployArguments | string {
  let parsed: { values: Values; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals } = parsed;
  const [what, verb, ...more] = positionals;
  if (what !== 'clip') return 'What is deployed is named first: deploy clip.';
  const known = verbs.find((name) => name === verb);
  if ((verb !== undefined && !known) || more.length > 0)
    return `After "deploy clip" comes ${verbs.join(', ')} or nothing, not "${[verb, ...more].join(' ')}".`;
  if (known === 'package') return readPackage(args, values);
  const stray = args.find((arg) => /^--(to|weights)\b/.test(arg));
  if (stray) return `${stray} belongs to deploy clip package.`;
  const region = values.region ?? null;
  const { stack, yes } = values;
  const problem = wrongNames(values);
  if (problem) return problem;
  if (known) {
    const stray = args.find((arg) => /^--(?!stack|region|yes)/.test(arg));
    if (stray || (yes && known !== 'destroy'))
      return `deploy clip ${known} does not take ${stray ?? '--yes'}.`;
    return { command: known, region, stack, yes };
  }
  const wish = readWish(values);
  if (typeof wish === 'string') return wish;
  return { command: 'deploy', region, wish, dryRun: values['dry-run'], yes };
}

function readPackage(args: readonly string[], { to, weights }: Values): DeployArguments | string {
  const stray = args.find((arg) => /^--(?!(to|weights)\b)/.test(arg));
  if (stray) return `deploy clip package does not take ${stray}.`;
  if (!to) return 'Name the folder for the archive: --to.';
  return { command: 'package', to, weights: weights ?? null };
}

function wrongNames({ stack, region }: Values): string | null {
  // The endpoint, its models and its role carry the name of the stack, with something behind it.
  if (!/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/.test(stack))
    return '--stack is 1 to 40 of a-z, 0-9 and the hyphen, and begins with a letter.';
  if (region !== undefined && !/^[a-z]{2}(-[a-z]+)+-\d$/.test(region))
    return '--region is a name like eu-central-1.';
  return null;
}

const arn = (service: string, resource: string) => new RegExp(`^arn:[a-z-]+:${service}:${resource}$`);
const kmsKey = arn('kms', '[a-z0-9-]+:\\d{12}:key/[A-Za-z0-9-]+');
const role = arn('iam', ':\\d{12}:role/[\\w+=,.@/-]+');
const policy = arn('iam', ':(\\d{12}|aws):policy/[\\w+=,.@/-]+');

function readWish(values: Values): ClipWish | string {
  const { bucket, prefix } = values;
  if (!bucket) return 'Name the bucket for the packed model folder: --bucket.';
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) return '--bucket is no name that S3 allows.';
  if (!/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/.test(prefix))
    return '--prefix is letters, digits, ".", "_" and "-", with "/" between folders.';
  const instanceType = values['instance-type'];
  if (!/^ml\.[a-z0-9-]+\.[a-z0-9]+$/.test(instanceType)) return '--instance-type is like ml.g5.xlarge.';
  if (/^ml\.(inf|trn)/.test(instanceType))
    return '--instance-type: no LMI container runs on Inferentia here.';
  const instanceCount = Number(values['instance-count']);
  const maxInstances = Number(values['max-instances'] ?? instanceCount * 2);
  if (!Number.isInteger(instanceCount) || instanceCount < 1 || instanceCount > 100)
    return '--instance-count is a whole number from 1 to 100.';
  if (!Number.isInteger(maxInstances) || maxInstances < instanceCount || maxInstances > 200)
    return '--max-instances is a whole number from --instance-count to 200.';
  const modelId = values['model-id'] ?? null;
  const revision = values['model-revision'] ?? null;
  const inS3 = modelId?.startsWith('s3://') ?? false;
  if (inS3 && !/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/[A-Za-z0-9._/-]+$/.test(modelId!))
    return '--model-id is s3://bucket/prefix/ (not a whole bucket), or <owner>/<name> at the hub.';
  if (modelId !== null && !inS3 && !/^[\w.-]+\/[\w.-]+$/.test(modelId))
    return '--model-id is s3://bucket/prefix/, or <owner>/<name> at the hub.';
  if (revision !== null && (modelId === null || inS3))
    return '--model-revision belongs to a --model-id at the hub.';
  if (revision !== null && !/^[\w.-]+$/.test(revision)) return '--model-revision is a commit, tag or branch.';
  for (const [name, shape] of [
    ['kms-key', kmsKey],
    ['execution-role', role],
    ['permissions-boundary', policy],
  ] as const)
    if (values[name] !== undefined && !shape.test(values[name])) return `--${name} is not such an ARN.`;
  if (values['execution-role'] && values['permissions-boundary'])
    return '--permissions-boundary is for the role that is made without --execution-role.';
  return {
    stack: values.stack,
    bucket,
    prefix,
    instanceType,
    instanceCount,
    maxInstances,
    modelId: inS3 ? `${modelId!.replace(/\/+$/, '')}/` : modelId,
    modelRevision: revision,
    imageUri: values['image-uri'] ?? null,
    kmsKey: values['kms-key'] ?? null,
    executionRole: values['execution-role'] ?? null,
    permissionsBoundary: values['permissions-boundary'] ?? null,
  };
}
