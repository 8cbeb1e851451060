/** What the templates of deploy/infra grant and switch on, read after their functions are worked out. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ClipWish, planClip, releaseParameters } from '../../src/application/deploy-parameters.ts';
import { describeSettings, parseConfig } from '../../src/config.ts';
import { type Properties, parseTemplate, readTemplate, work } from './template.ts';

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const kms = 'arn:aws:kms:eu-test-1:123456789012:key/aa-bb';
const secret = (name: string) => `arn:aws:secretsmanager:eu-test-1:123456789012:secret:${name}-Ab12Cd`;
const repository = 'arn:aws:ecr:eu-test-1:123456789012:repository/hangtag';

const service = {
  VpcId: 'vpc-1',
  PublicSubnets: 'subnet-1,subnet-2',
  PrivateSubnets: 'subnet-3,subnet-4',
  CertificateArn: 'arn:aws:acm:eu-test-1:123456789012:certificate/ab-12',
  ImageUri: '123456789012.dkr.ecr.eu-test-1.amazonaws.com/hangtag:0.1.0',
  ImageRepositoryArn: repository,
  DatabaseUrlSecretArn: secret('database'),
  ApiKeysSecretArn: secret('keys'),
};
const fullService = {
  ...service,
  EndpointName: 'hangtag-clip',
  OriginalsBucket: 'pictures',
  SecretsKmsKeyArn: kms,
};
const wish: ClipWish = {
  stack: 'hangtag-clip',
  bucket: 'artifacts',
  prefix: 'hangtag',
  instanceType: 'ml.g5.xlarge',
  instanceCount: 1,
  maxInstances: 2,
  modelId: null,
  modelRevision: null,
  imageUri: null,
  kmsKey: null,
  executionRole: null,
  permissionsBoundary: null,
};
const clipText = readFileSync(
  path.resolve(import.meta.dirname, '../../deploy/infra/clip-endpoint.yaml'),
  'utf8',
);
const packed = { bytes: new Uint8Array(), sha256: 'ab'.repeat(32), files: [] };

function endpoint(changed: Partial<ClipWish> = {}) {
  const { parameters } = planClip(
    { ...wish, ...changed },
    packed,
    'eu-test-1',
    clipText,
    () => '0123456789ab',
  );
  return work(readTemplate('clip-endpoint.yaml'), parameters, 'hangtag-clip').resources;
}
const allOf = {
  instanceCount: 2,
  maxInstances: 4,
  modelId: 's3://weights/vit-b-32/',
  kmsKey: kms,
} satisfies Partial<ClipWish>;

function deployer(given: Record<string, string> = {}) {
  return work(readTemplate('deployer.yaml'), { Bucket: 'artifacts', ...given }, 'deployer').resources;
}
const worked = {
  'clip-endpoint.yaml': endpoint(),
  'clip-endpoint.yaml with everything': endpoint(allOf),
  'service.yaml': work(readTemplate('service.yaml'), service, 'hangtag').resources,
  'service.yaml with everything': work(readTemplate('service.yaml'), fullService, 'hangtag').resources,
  'deployer.yaml': deployer(),
  'deployer.yaml with everything': deployer({
    PermissionsBoundaryArn: 'arn:aws:iam::123456789012:policy/edge',
    ExecutionRoleArn: 'arn:aws:iam::123456789012:role/given',
  }),
};
type Worked = (typeof worked)['service.yaml'];

/** Every statement of a policy, trust included, wherever it stands. */
function statements(value: unknown): Statement[] {
  if (Array.isArray(value)) return value.flatMap(statements);
  if (typeof value !== 'object' || value === null) return [];
  const own = 'Effect' in value && 'Action' in value ? [value as Statement] : [];
  return [...own, ...Object.values(value).flatMap(statements)];
}
const list = (value: string | readonly string[] | undefined) => (value === undefined ? [] : [value].flat());

function one(resources: Worked, name: string): Properties {
  const found = resources.find((resource) => resource.name === name);
  if (!found) throw new Error(`${name} is not made`);
  return found.properties;
}
const grants = (resources: Worked, action: string) =>
  statements(resources).filter((statement) => list(statement.Action).includes(action));

/** AWS takes no resource for these. */
const resourceless = [
  'ecr:GetAuthorizationToken',
  'cloudwatch:PutMetricData',
  'application-autoscaling:DescribeScalableTargets',
  'application-autoscaling:DescribeScalingPolicies',
];

describe.each(Object.entries(worked))('%s', (_, resources) => {
  test('grants named actions on named resources, and denies nothing by a trick', () => {
    const all = statements(resources);
    expect(all.length).toBeGreaterThan(3);
    for (const statement of all) {
      expect(statement.Effect).toBe('Allow');
      expect(statement).not.toHaveProperty('NotAction');
      expect(statement).not.toHaveProperty('NotResource');
      for (const action of list(statement.Action)) expect(action).toMatch(/^[a-z0-9-]+:[A-Za-z]+$/);
      const targets = list(statement.Resource);
      if (targets.includes('*'))
        expect(list(statement.Action).filter((action) => !resourceless.includes(action))).toEqual([]);
      for (const target of targets)
        if (target !== '*') expect(target).not.toMatch(/^arn:aws:[a-z0-9-]*:?\*|:::\*/);
    }
  });

  test('lets a service of AWS take a role only in this account', () => {
    for (const statement of grants(resources, 'sts:AssumeRole'))
      expect(statement.Condition).toEqual({ StringEquals: { 'aws:SourceAccount': '123456789012' } });
  });

  test('hands a role on to SageMaker alone, and only its own', () => {
    for (const statement of grants(resources, 'iam:PassRole')) {
      expect(statement.Condition).toEqual({
        StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' },
      });
      expect(list(statement.Resource)).toEqual([
        expect.stringMatching(/role\/(hangtag-clip-ExecutionRole-\*|given)$/),
      ]);
    }
  });

  test('attaches no ready-made policy', () => {
    expect(JSON.stringify(resources)).not.toMatch(/ManagedPolicyArns|FullAccess|AdministratorAccess/);
  });
});

describe('the endpoint', () => {
  test('runs on a host for its container, with room to start, routed to the idle', () => {
    const [variant] = one(endpoint(), 'EndpointConfig').ProductionVariants as readonly Properties[];
    expect(variant).toMatchObject({
      VariantName: 'clip',
      InferenceAmiVersion: 'al2023-ami-sagemaker-inference-gpu-4-1',
      RoutingConfig: { RoutingStrategy: 'LEAST_OUTSTANDING_REQUESTS' },
      ContainerStartupHealthCheckTimeoutInSeconds: '1200',
      ModelDataDownloadTimeoutInSeconds: '600',
    });
    const cpu = endpoint({ instanceType: 'ml.c5.2xlarge' });
    expect(JSON.stringify(one(cpu, 'EndpointConfig'))).not.toContain('InferenceAmiVersion');
    expect(JSON.stringify(one(cpu, 'Model'))).toContain('djl-inference:0.36.0-cpu-full');
  });

  test('is updated blue/green with alarms that roll back: by canary where half of the instances can be one', () => {
    const policy = (resources: Worked) => one(resources, 'Endpoint').DeploymentConfig as Properties;
    expect(policy(endpoint())).toMatchObject({
      BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: { Type: 'ALL_AT_ONCE' } },
    });
    expect(policy(endpoint(allOf))).toMatchObject({
      BlueGreenUpdatePolicy: {
        TrafficRoutingConfiguration: { Type: 'CANARY', CanarySize: { Type: 'INSTANCE_COUNT', Value: 1 } },
      },
    });
    const { Alarms } = policy(endpoint()).AutoRollbackConfiguration as { Alarms: unknown[] };
    expect(Alarms).toHaveLength(2);
    for (const name of ['ServerErrors', 'Latency'])
      expect(one(endpoint(), name).TreatMissingData).toBe('notBreaching');
  });

  test('scales on concurrency between its bounds, or not at all', () => {
    const made = endpoint(allOf);
    expect(one(made, 'ScalableTarget')).toMatchObject({
      ResourceId: 'endpoint/hangtag-clip/variant/clip',
      MinCapacity: '2',
      MaxCapacity: '4',
    });
    expect(JSON.stringify(one(made, 'ScalingPolicy'))).toContain(
      'SageMakerVariantConcurrentRequestsPerModelHighResolution',
    );
    expect(endpoint({ maxInstances: 1 }).map(({ name }) => name)).not.toContain('ScalableTarget');
  });

  test('reads its own folders, its weights, and nothing else of S3', () => {
    const readable = (resources: Worked) =>
      grants(resources, 's3:GetObject').flatMap(({ Resource }) => list(Resource));
    expect(readable(endpoint())).toEqual(['arn:aws:s3:::artifacts/hangtag/clip/*']);
    expect(grants(endpoint(), 's3:ListBucket')).toEqual([]);
    expect(readable(endpoint(allOf))[1]).toBe('arn:aws:s3:::weights/vit-b-32/*');
    expect(grants(endpoint(allOf), 's3:ListBucket')).toMatchObject([
      { Resource: 'arn:aws:s3:::weights', Condition: { StringLike: { 's3:prefix': 'vit-b-32/*' } } },
    ]);
    expect(grants(endpoint(), 's3:PutObject')).toEqual([]);
    const given = endpoint({ executionRole: 'arn:aws:iam::123456789012:role/given' });
    expect(given.map(({ type }) => type)).not.toContain('AWS::IAM::Role');
  });

  test('gets other names whenever something changes that cannot be changed in place', () => {
    const template = parseTemplate(clipText);
    const plan = (changed: Partial<ClipWish>) =>
      planClip({ ...wish, ...allOf, ...changed }, packed, 'eu-test-1', clipText, () => '0123456789ab')
        .parameters;
    const fixed = (parameters: Record<string, string>) => {
      const { resources } = work(template, parameters, 'hangtag-clip');
      return JSON.stringify([one(resources, 'Model'), one(resources, 'EndpointConfig')]);
    };
    const base = plan({});
    const other: Record<string, string> = {
      ArtifactBucket: 'elsewhere',
      ArtifactKey: 'k.tar.gz',
      ArtifactPrefix: 'other/',
      ModelId: 'a/b',
      ModelRevision: 'r',
      WeightsBucket: 'other',
      WeightsPrefix: 'other/',
      KmsKeyArn: '',
      ImageUri: 'other',
      ImageRepositoryArn: `${repository}-2`,
      ExecutionRoleArn: 'arn:aws:iam::1:role/x',
      PermissionsBoundaryArn: 'arn:aws:iam::1:policy/x',
      InstanceType: 'ml.g6.xlarge',
      InferenceAmiVersion: 'none',
      MinInstances: '3',
      MaxInstances: '9',
      Autoscaling: 'off',
    };
    expect(Object.keys({ ...other, Release: '' }).sort()).toEqual(Object.keys(base).sort());
    const reaching = Object.keys(other).filter(
      (name) => fixed({ ...base, [name]: other[name]! }) !== fixed({ ...base }),
    );
    expect(reaching.sort()).toEqual([...releaseParameters].sort());
    const hash = (said: string) => createHash('sha256').update(said).digest('hex');
    const release = (changed: Partial<ClipWish>, text = clipText) =>
      planClip({ ...wish, ...changed }, packed, 'eu-test-1', text, hash).parameters.Release;
    expect(release({})).toMatch(/^[0-9a-f]{12}$/);
    expect(release({ maxInstances: 7 })).toBe(release({}));
    expect(release({ instanceCount: 2 })).not.toBe(release({}));
    expect(release({}, `${clipText}#`)).not.toBe(release({}));
  });

  test('takes an image from its own region only, and asks for one where AWS has none that is known', () => {
    const image = '1'.repeat(12);
    expect(() => endpoint({ imageUri: `${image}.dkr.ecr.us-east-1.amazonaws.com/djl:1` })).toThrow(
      'its own region',
    );
    expect(() => endpoint({ imageUri: 'djl:latest' })).toThrow('--image-uri is');
    expect(() => planClip(wish, packed, 'cn-north-1', clipText, () => '')).toThrow('--image-uri');
  });
});

describe('the service', () => {
  const full = worked['service.yaml with everything'];
  const container = (one(full, 'TaskDefinition').ContainerDefinitions as readonly Properties[])[0]!;

  test('may invoke one endpoint and use one prefix, and without them nothing at all', () => {
    const policy = statements(one(full, 'TaskPolicy'));
    expect(policy.map(({ Action, Resource }) => [list(Action), Resource])).toEqual([
      [['sagemaker:InvokeEndpoint'], 'arn:aws:sagemaker:eu-test-1:123456789012:endpoint/hangtag-clip'],
      [['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], 'arn:aws:s3:::pictures/hangtag/originals/*'],
      [['s3:ListBucket'], 'arn:aws:s3:::pictures'],
    ]);
    expect(worked['service.yaml'].map(({ name }) => name)).not.toContain('TaskPolicy');
  });

  test('holds no secret in the clear, and reads exactly two', () => {
    expect(grants(full, 'secretsmanager:GetSecretValue')).toMatchObject([
      { Resource: [service.DatabaseUrlSecretArn, service.ApiKeysSecretArn] },
    ]);
    const plain = (container.Environment as readonly { Name: string }[]).map(({ Name }) => Name);
    expect(plain).not.toContain('DATABASE_URL');
    expect(plain).not.toContain('API_KEYS');
    expect(container.Secrets).toHaveLength(2);
  });

  test('knows only settings that hangtag knows', () => {
    const settings = describeSettings().map(({ name }) => name);
    const used = [container.Environment, container.Secrets].flatMap((entries) =>
      (entries as readonly { Name: string }[]).map(({ Name }) => Name),
    );
    expect(
      used.filter((name) => !settings.includes(name) && !/^(AWS_REGION|SAGEMAKER_ENDPOINT)$/.test(name)),
    ).toEqual([]);
  });

  test('starts hangtag: what it sets is accepted, and the bundled model serves where no endpoint is named', () => {
    const set = (resources: Worked, secrets: Record<string, string>) => {
      const [first] = one(resources, 'TaskDefinition').ContainerDefinitions as readonly Properties[];
      const entries = first!.Environment as readonly { Name: string; Value: string }[];
      return { ...Object.fromEntries(entries.map(({ Name, Value }) => [Name, Value])), ...secrets };
    };
    const secrets = { DATABASE_URL: 'postgres://u:p@db/h', API_KEYS: `a:tag:${'ab'.repeat(32)}` };
    const alone = parseConfig(set(worked['service.yaml'], secrets), '/r');
    expect(alone).toMatchObject({ HOST: '0.0.0.0', PORT: 3000, IMAGE_STORE: 'none' });
    const keeping = work(
      readTemplate('service.yaml'),
      { ...service, OriginalsBucket: 'pictures' },
      'hangtag',
    ).resources;
    expect(set(keeping, secrets)).toMatchObject({ IMAGE_STORE: 's3://pictures/hangtag/originals' });
    expect(() => parseConfig(set(keeping, secrets), '/r')).not.toThrow();
    expect(() => parseConfig(set(keeping, {}), '/r')).toThrow('API_KEYS');
  });

  test('runs as nobody special on a file system that cannot be written', () => {
    expect(container).toMatchObject({
      User: 'node',
      ReadonlyRootFilesystem: true,
      LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
      StopTimeout: 90,
    });
  });

  test('is reached over TLS alone, is checked at /healthz, and goes back when a deployment fails', () => {
    expect(one(full, 'Https')).toMatchObject({
      Protocol: 'HTTPS',
      SslPolicy: expect.stringContaining('TLS13'),
    });
    expect(JSON.stringify(one(full, 'Http').DefaultActions)).toContain('"Protocol":"HTTPS"');
    expect(one(full, 'TargetGroup').HealthCheckPath).toBe('/healthz');
    expect(one(full, 'Service')).toMatchObject({
      DeploymentConfiguration: { DeploymentCircuitBreaker: { Enable: true, Rollback: true } },
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
    });
    const open = one(full, 'ServiceSecurityGroup').SecurityGroupIngress as readonly Properties[];
    expect(open).toMatchObject([{ FromPort: 3000, SourceSecurityGroupId: expect.any(String) }]);
    expect(open[0]).not.toHaveProperty('CidrIp');
  });
});

test('who deploys: the policy fits into one, a boundary is kept to, and no role is made where none may be', () => {
  const bounded = worked['deployer.yaml with everything'];
  expect(JSON.stringify(one(bounded, 'Policy').PolicyDocument).length).toBeLessThan(6144);
  expect(grants(bounded, 'iam:CreateRole')).toMatchObject([
    { Condition: { StringEquals: { 'iam:PermissionsBoundary': 'arn:aws:iam::123456789012:policy/edge' } } },
  ]);
  const without = deployer({
    MayMakeRole: 'false',
    ExecutionRoleArn: 'arn:aws:iam::123456789012:role/given',
  });
  expect(
    statements(without)
      .flatMap(({ Action }) => list(Action))
      .filter((action) => action.startsWith('iam:')),
  ).toEqual(['iam:CreateServiceLinkedRole', 'iam:PassRole']);
});

test('a template goes to CloudFormation in the request itself, which takes 51,200 bytes', () => {
  expect(Buffer.byteLength(clipText)).toBeLessThan(51_200);
});
