/** Every setting, parsed once. An unknown or wrong value stops the start with the full list of what is wrong. */
import path from 'node:path';
import { z } from 'zod';

const whole = (name: string, min: number, max: number) =>
  z.coerce.number(`${name} must be a number`).int().min(min).max(max);

/** One line of documentation each: README's table follows this order. */
const settings = z.object({
  HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on. Only loopback until keys exist.'),
  PORT: whole('PORT', 0, 65535).default(3000).describe('Port to listen on; 0 takes any free one.'),
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
  INFERENCE_BACKEND: z.enum(['bundled']).default('bundled').describe('The model: the bundled one.'),
  INFERENCE_WORKERS: whole('INFERENCE_WORKERS', 1, 64)
    .optional()
    .describe('Model threads; cores less one by default.'),
  INFERENCE_TIMEOUT_MS: whole('INFERENCE_TIMEOUT_MS', 10, 600_000)
    .default(10_000)
    .describe('Milliseconds from handing an image to the model to its vector, at most.'),
  IMAGE_STORE: z
    .enum(['files', 'none'])
    .default('files')
    .describe('Where originals are kept: under DATA_DIR, or not at all.'),
  REQUEST_TIMEOUT_MS: whole('REQUEST_TIMEOUT_MS', 100, 600_000)
    .default(60_000)
    .describe('Milliseconds for one request, at most.'),
  TAXONOMY_DIR: z.string().min(1).optional().describe('Another folder laid out like taxonomy/.'),
  CALIBRATION_DIR: z.string().min(1).optional().describe('Another folder laid out like calibration/.'),
});

type Settings = z.infer<typeof settings>;

export interface Config extends Omit<Settings, 'DATA_DIR' | 'TAXONOMY_DIR' | 'CALIBRATION_DIR'> {
  readonly dataDir: string;
  readonly taxonomyDir: string;
  readonly calibrationDir: string;
  readonly modelDir: string;
}

/** Settings that this version does not know yet but whose names are promised: named in the error instead of ignored. */
const promised = [
  'API_KEYS',
  'SAGEMAKER_ENDPOINT',
  'ONNX_MODEL_DIR',
  'S3_ALLOW_PREFIXES',
  'WEBHOOK_SECRET_CATALOG',
];
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
  for (const name of promised) {
    if (environment[name]) problems.push(`${name}: not supported by this version of hangtag`);
  }
  const host = given.HOST ?? '127.0.0.1';
  if (!loopback.test(host))
    problems.push(`HOST: ${host} is not loopback, and this version has no access keys yet`);
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const { DATA_DIR, TAXONOMY_DIR, CALIBRATION_DIR, ...rest } = parsed.data;
  return {
    ...rest,
    dataDir: path.resolve(DATA_DIR),
    taxonomyDir: path.resolve(TAXONOMY_DIR ?? path.join(root, 'taxonomy')),
    calibrationDir: path.resolve(CALIBRATION_DIR ?? path.join(root, 'calibration')),
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
