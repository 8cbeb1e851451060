/** Every setting, parsed once. An unknown or wrong value stops the start with the full list of what is wrong. */
import path from 'node:path';
import { z } from 'zod';
import { eventSettings } from './config-events.ts';

const whole = (name: string, min: number, max: number) =>
  z.coerce.number(`${name} must be a number`).int().min(min).max(max);

/** What a key may do; `admin` implies all. */
export const keyScopes = ['read', 'tag', 'review', 'admin'] as const;
export const keyId = /^[a-z0-9-]{1,32}$/;

export interface ApiKeySetting {
  readonly id: string;
  readonly scopes: readonly (typeof keyScopes)[number][];
  /** sha256 of the secret, 64 lower-case hex digits. */
  readonly sha256: string;
}

/**
 * `<id>:<scope+scope>:<sha256>,…`: the keys and everything that is wrong. What stands in an entry is never repeated but
 * for a well-formed id: somebody may have pasted the key itself.
 */
function readKeys(text: string): { keys: ApiKeySetting[]; problems: string[] } {
  const keys: ApiKeySetting[] = [];
  const problems: string[] = [];
  for (const [index, entry] of text.split(',').entries()) {
    const [id = '', listed = '', digest = '', ...more] = entry.trim().split(':');
    const where = `entry ${index + 1}${keyId.test(id) && listed ? ` (${id})` : ''}`;
    if (!entry.trim()) problems.push(`${where} is empty`);
    else if (!digest || more.length > 0)
      problems.push(`${where} is not <id>:<scope+scope>:<sha256 of the secret>`);
    else {
      const scopes = listed.split('+');
      const known = scopes.filter((scope) => keyScopes.some((name) => name === scope));
      if (!keyId.test(id)) problems.push(`${where}: the id must be 1 to 32 of a-z, 0-9 and -`);
      if (keys.some((key) => key.id === id)) problems.push(`${where}: the id is there already`);
      if (known.length < scopes.length)
        problems.push(`${where}: scopes are ${keyScopes.join(', ')}, joined by +`);
      if (!/^[0-9a-f]{64}$/i.test(digest))
        problems.push(`${where}: the sha256 must be 64 hexadecimal digits`);
      keys.push({ id, scopes: known as ApiKeySetting['scopes'], sha256: digest.toLowerCase() });
    }
  }
  return { keys, problems };
}

/** A bucket's name as S3 takes it, and a prefix that needs no escaping anywhere. */
const imageStore = /^(files|none|s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[A-Za-z0-9._/-]*)?)$/;

/** Whole folders, so that a bucket's `catalog` does not open its `catalog-private`. */
const s3Prefix = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/([A-Za-z0-9!._*'()-]+\/)*$/;

function isOrigin(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
}

/** One line of documentation each: README's table follows this order. */
const settings = z.object({
  HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on. Anything but loopback needs API_KEYS.'),
  PORT: whole('PORT', 0, 65535).default(3000).describe('Port to listen on; 0 takes any free one.'),
  API_KEYS: z
    .string()
    .transform((text, context): readonly ApiKeySetting[] => {
      const { keys, problems } = readKeys(text);
      for (const message of problems) context.addIssue({ code: 'custom', message });
      return keys;
    })
    .optional()
    .describe('Who may call, and what: see `keys create`. Without it: anybody, on loopback only.'),
  RATE_LIMIT_PER_MINUTE: whole('RATE_LIMIT_PER_MINUTE', 0, 1_000_000)
    .default(0)
    .describe('Calls a minute for each key, or each address without keys; 0: no limit.'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('How much is logged.'),
  DATA_DIR: z.string().min(1).default('./data').describe('Embedded database and original images.'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' })
    .optional()
    .describe('PostgreSQL instead of the embedded database.'),
  DATABASE_POOL: whole('DATABASE_POOL', 1, 100).default(10).describe('Connections to PostgreSQL, at most.'),
  DURABILITY: z
    .enum(['full', 'relaxed'])
    .default('full')
    .describe('relaxed: the embedded database skips fsync. For tests only.'),
  INFERENCE_BACKEND: z
    .enum(['bundled', 'onnx', 'sagemaker'])
    .default('bundled')
    .describe('The model: bundled, a CLIP in this process (onnx), or one on an endpoint (sagemaker).'),
  SAGEMAKER_ENDPOINT: z
    .string()
    .regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/, 'must be the name of an endpoint, not its ARN or URL')
    .optional()
    .describe('Name of the SageMaker endpoint with CLIP: deploy/README.md.'),
  SAGEMAKER_VARIANT: z
    .string()
    .regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/, 'must be the name of a production variant')
    .optional()
    .describe('Production variant to ask; SageMaker chooses by default.'),
  SAGEMAKER_INFERENCE_COMPONENT: z
    .string()
    .regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/, 'must be the name of an inference component')
    .optional()
    .describe('Inference component to ask, where the endpoint has several models.'),
  SAGEMAKER_REGION: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'must be a region such as eu-central-1')
    .optional()
    .describe('Region of the endpoint; as the AWS SDK finds it by default.'),
  SAGEMAKER_CONTRACT: z
    .enum(['embedding', 'probability'])
    .default('embedding')
    .describe(
      'What the endpoint speaks: that of deploy/clip, or probabilities of prompts (slow): docs/sagemaker.md.',
    ),
  SAGEMAKER_MAX_PAYLOAD: whole('SAGEMAKER_MAX_PAYLOAD', 100_000, 25_000_000)
    .default(5_500_000)
    .describe('Bytes of one call, at most. Real-time endpoints refuse more than 6 MB.'),
  SAGEMAKER_CONCURRENCY: whole('SAGEMAKER_CONCURRENCY', 1, 256)
    .default(4)
    .describe('Calls with pictures at the same time: as many as the endpoint works on in parallel.'),
  ONNX_MODEL_DIR: z
    .string()
    .min(1)
    .optional()
    .describe('Folder of a CLIP in ONNX, as `model pull` writes it: docs/models.md.'),
  CLIP_TEMPLATES: whole('CLIP_TEMPLATES', 1, 16)
    .default(1)
    .describe('Templates that each caption is put into and averaged over; more make the first start longer.'),
  MODEL_FINGERPRINT: z
    .string()
    .regex(/^[0-9a-f]{12}$/, 'must be 12 hexadecimal digits, as GET /model and `model check` show them')
    .optional()
    .describe('Only the model with this fingerprint is used: see `model check`. Any by default.'),
  INFERENCE_WORKERS: whole('INFERENCE_WORKERS', 1, 64)
    .optional()
    .describe('Model threads; cores less one by default.'),
  INFERENCE_TIMEOUT_MS: whole('INFERENCE_TIMEOUT_MS', 10, 600_000)
    .default(10_000)
    .describe('Milliseconds from handing an image to the model to its vector, at most.'),
  WORK_CONCURRENCY: whole('WORK_CONCURRENCY', 1, 64)
    .default(2)
    .describe('Pieces of accepted work (async=true, events, imports) done at once, beside live requests.'),
  IMAGE_STORE: z
    .string()
    .regex(imageStore, 'must be files, none or s3://bucket/prefix (prefix: letters, digits, . _ - and /)')
    .default('files')
    .describe('Where originals are kept: under DATA_DIR, not at all (none), or in S3 (s3://bucket/prefix).'),
  S3_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .optional()
    .describe('A server that speaks S3, instead of AWS, for IMAGE_STORE and S3_ALLOW_PREFIXES.'),
  S3_ALLOW_PREFIXES: z
    .string()
    .transform((text, context): readonly string[] => {
      const prefixes = text.split(',').map((prefix) => prefix.trim());
      for (const prefix of prefixes.filter((one) => !s3Prefix.test(one)))
        context.addIssue({ code: 'custom', message: `${prefix} is not s3://bucket/ or s3://bucket/prefix/` });
      return prefixes;
    })
    .optional()
    .describe(
      'Where images may be named by s3:// URL: s3://bucket/prefix/, comma-separated. Nowhere by default.',
    ),
  FETCH_ALLOW_ORIGINS: z
    .string()
    .transform((text, context): readonly string[] => {
      const origins = text.split(',').map((origin) => origin.trim());
      for (const origin of origins.filter((one) => !isOrigin(one)))
        context.addIssue({
          code: 'custom',
          message: `${origin} is not an origin such as http://images:8080`,
        });
      return origins;
    })
    .optional()
    .describe(
      'Servers of your own network that images may be fetched from and events sent to, as http://host:port, comma-separated.',
    ),
  FETCH_IMAGE_WIDTH: whole('FETCH_IMAGE_WIDTH', 0, 5000)
    .default(800)
    .describe('Pixels: how wide a rendition known shop CDNs are asked for; 0 asks for the original.'),
  ...eventSettings,
  SECRETS_KEY: z
    .string()
    .transform((text, context): Uint8Array => {
      const key = Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? 'hex' : 'base64');
      // The text is never repeated: it may be nearly the key.
      const plain = /^[A-Za-z0-9+/]{43}=?$|^[0-9a-fA-F]{64}$/.test(text) && key.byteLength === 32;
      if (!plain) context.addIssue({ code: 'custom', message: 'must be 32 bytes in base64 or hexadecimal' });
      return key;
    })
    .optional()
    .describe(
      'Seals the secrets of subscriptions: 32 bytes, base64 or hex. Made under DATA_DIR by default; processes on one PostgreSQL need the same.',
    ),
  REQUEST_TIMEOUT_MS: whole('REQUEST_TIMEOUT_MS', 100, 600_000)
    .default(60_000)
    .describe('Milliseconds for one request, at most.'),
  TAXONOMY_DIR: z.string().min(1).optional().describe('Another folder laid out like taxonomy/.'),
  CALIBRATION_DIR: z.string().min(1).optional().describe('Another folder laid out like calibration/.'),
});

type Settings = z.infer<typeof settings>;

type Folders = 'DATA_DIR' | 'TAXONOMY_DIR' | 'CALIBRATION_DIR' | 'ONNX_MODEL_DIR';

export interface Config extends Omit<Settings, Folders> {
  readonly dataDir: string;
  /** Set where INFERENCE_BACKEND is onnx. */
  readonly onnxModelDir: string | null;
  readonly taxonomyDir: string;
  readonly calibrationDir: string;
  readonly modelDir: string;
}

/** What a backend cannot do without; set for another one, it was meant for something that does not happen. */
const ofBackend = { sagemaker: 'SAGEMAKER_ENDPOINT', onnx: 'ONNX_MODEL_DIR' } as const;
const loopback = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;

export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The settings are wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** `root`: the folder that holds taxonomy/, calibration/ and models/. Throws ConfigError with everything that is wrong. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>, root: string): Config {
  const given = Object.fromEntries(
    Object.keys(settings.shape).flatMap((name) => {
      const value = environment[name]?.trim();
      return value ? [[name, value]] : [];
    }),
  );
  const parsed = settings.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const host = given.HOST ?? '127.0.0.1';
  if (environment.API_KEYS !== undefined && !given.API_KEYS)
    problems.push('API_KEYS: is empty. Remove it, or name a key: an empty list would let everybody in');
  if (!loopback.test(host) && environment.API_KEYS === undefined)
    problems.push(`HOST: ${host} is not loopback: set API_KEYS to listen there`);
  const chosen = given.INFERENCE_BACKEND ?? 'bundled';
  for (const [backend, name] of Object.entries(ofBackend)) {
    if (chosen === backend && !given[name]) problems.push(`${name}: INFERENCE_BACKEND=${backend} needs it`);
    if (chosen !== backend && given[name])
      problems.push(`${name}: is set, but INFERENCE_BACKEND is ${chosen}: set it to ${backend}`);
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const { DATA_DIR, TAXONOMY_DIR, CALIBRATION_DIR, ONNX_MODEL_DIR, ...rest } = parsed.data;
  return {
    ...rest,
    dataDir: path.resolve(DATA_DIR),
    taxonomyDir: path.resolve(TAXONOMY_DIR ?? path.join(root, 'taxonomy')),
    calibrationDir: path.resolve(CALIBRATION_DIR ?? path.join(root, 'calibration')),
    onnxModelDir: ONNX_MODEL_DIR === undefined ? null : path.resolve(ONNX_MODEL_DIR),
    modelDir: path.join(root, 'models', 'bundled'),
  };
}

/** Name, default and meaning of every setting, in order: README's table is made from it. */
export function describeSettings(): readonly { name: string; default: string; meaning: string }[] {
  return Object.entries(settings.shape).map(([name, schema]) => {
    const fallback = schema.safeParse(undefined).data;
    return {
      name,
      default: fallback === undefined ? '' : String(fallback),
      meaning: schema.description ?? '',
    };
  });
}
