/** The faults of docs/sagemaker-faults.md: how each is made, and what must come of it. `fault-table.test.ts` makes them. */
import { type CircuitOptions, usualCircuit } from '../../../../src/adapters/inference/sagemaker/circuit.ts';
import { usualRetries } from '../../../../src/adapters/inference/sagemaker/retries.ts';
import type { RuntimeOptions } from '../../../../src/adapters/inference/sagemaker/runtime.ts';
import type { Fault } from '../../../rings/sagemaker-door.ts';

/** again: after short waits. later: after longer ones. waits: as long as it may. */
export type Does = 'again' | 'later' | 'gives up' | 'waits';

/** How the fault is made: by the door's script, or by what the client is told. */
interface Making {
  readonly script?: Fault;
  readonly options?: Partial<RuntimeOptions>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly bytes?: number;
  /** Set right without a restart, by a change outside. */
  readonly healed?: 'endpoint' | 'listener' | 'deaf listener' | 'credentials';
}

export interface Row extends Making {
  readonly fault: string;
  readonly does: Does;
  readonly retryAfter: number;
  readonly says: string;
  /** What ends it. A row that comes back "by itself" is seen to do so. */
  readonly back: string;
}

const itself = 'by itself';
const deployed = 'by itself, once another model is deployed';
const settled = (setting: string) => `with another \`${setting}\`, after a restart`;

const row =
  (does: Does, retryAfter: number) =>
  (fault: string, says: string, making: Making, back = itself): Row => ({
    fault,
    does,
    retryAfter,
    says,
    back,
    ...making,
  });
const again = row('again', 5);
const later = row('later', 5);
const never = row('gives up', 30);
const waits = row('waits', 1);
const size = row('gives up', 60);
const validation = (message: string): Making => ({
  script: { status: 400, type: 'ValidationError', message },
});
const container = (status: number, message: string): Making => ({ script: { status, message } });

const away = 'The endpoint is not available right now.';
const cut = 'The connection to the endpoint was cut.';
const late = 'The endpoint gave no answer in time; nothing was stored.';
const missing = 'There is no such endpoint, variant or inference component in this region, or not yet.';
const refused = 'The endpoint refuses the credentials of this service.';
const tooLarge = 'The endpoint refuses calls of this size: lower SAGEMAKER_MAX_PAYLOAD.';
const component = 'The endpoint wants SAGEMAKER_INFERENCE_COMPONENT to be set, or not to be.';
const nothingSet = {
  AWS_CONFIG_FILE: '/nowhere',
  AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
  HOME: '/nowhere',
  AWS_PROFILE: '',
};

export const rows: readonly Row[] = [
  later('throttled', 'The endpoint throttles.', { script: 'throttled' }),
  later('model being loaded', 'The model is being loaded.', { script: 'not ready' }),
  again('503 of the service', away, { script: 'unavailable' }),
  again('500 of the service', away, { script: 'internal' }),
  again('530 of a dependency', away, { script: 'dependency' }),
  again('502 of something in between', away, { script: { page: 502 } }),
  never('container: 400', 'The model refused the call (400).', container(400, 'bad handler'), deployed),
  again(
    'container: 400, process is stopped',
    'A worker of the model was restarting.',
    container(400, 'Backend Python process is stopped.'),
  ),
  never('container: 413', 'The model refused the call (413).', container(413, 'too large'), deployed),
  never('container: 424', 'The model refused the call (424).', container(424, 'a bug'), deployed),
  later('container: 429', 'The model answered with 429.', container(429, 'queue full')),
  again('container: 500', 'The model answered with 500.', container(500, 'died')),
  again('container: 502', 'The model answered with 502.', container(502, 'died')),
  later('container: 503', 'The model answered with 503.', container(503, 'WlmCapacityException')),
  again('container: 504', 'The model answered with 504.', container(504, 'slow')),
  again('container: 507', 'The model answered with 507.', container(507, 'CUDA out of memory')),
  row('gives up', 5)(
    'container: no answer in 60 s',
    'The model did not answer within the endpoint’s 60 seconds.',
    container(0, ''),
  ),
  size('call larger than 6 MB', tooLarge, { bytes: 7_000_000 }, settled('SAGEMAKER_MAX_PAYLOAD')),
  size(
    'the same, in the service’s words',
    tooLarge,
    validation('Request 7000000 bytes has oversize body.'),
    settled('SAGEMAKER_MAX_PAYLOAD'),
  ),
  waits('no answer at all', late, { script: 'hang' }),
  waits('slow first byte', late, { script: { delayMs: 5000 } }),
  waits('an answer that stops in its middle', late, { script: 'stall' }),
  again('connection reset before the answer', cut, { script: 'reset' }),
  again('connection reset after the work', cut, { script: 'reset when done' }),
  again('connection reset within the answer', cut, { script: 'half' }),
  again('nothing listens there', 'The endpoint cannot be reached.', { healed: 'listener' }),
  again('nobody takes the connection', 'The endpoint cannot be reached.', {
    options: { connectMs: 150 },
    healed: 'deaf listener',
  }),
  never('no such endpoint in this region, or not yet', missing, {
    options: { endpoint: 'gone' },
    healed: 'endpoint',
  }),
  never(
    'no such inference component',
    missing,
    validation('Inference Component x not found for account 123456789012.'),
  ),
  never('no such variant', missing, { options: { variant: 'Green' } }, settled('SAGEMAKER_VARIANT')),
  never(
    'scaled to zero, no copy of the inference component',
    'The endpoint is scaled to zero.',
    validation(
      'Inference Component has no capacity to process this request. ApplicationAutoScaling may be in-progress (if configured) or try to increase the capacity by invoking UpdateInferenceComponentRuntimeConfig API.',
    ),
  ),
  never(
    'an inference component is not named',
    component,
    validation(
      'Inference Component Name header is required for endpoints to which you plan to deploy inference components.',
    ),
    settled('SAGEMAKER_INFERENCE_COMPONENT'),
  ),
  never(
    'an inference component is named, and there are none',
    component,
    validation('Please remove the Inference Component Name header and try again.'),
    settled('SAGEMAKER_INFERENCE_COMPONENT'),
  ),
  never(
    'signed for another region',
    refused,
    { options: { region: 'us-test-9' } },
    settled('SAGEMAKER_REGION'),
  ),
  never(
    'wrong secret',
    refused,
    { environment: { AWS_SECRET_ACCESS_KEY: 'another-secret' } },
    'with other credentials, after a restart',
  ),
  never(
    'session that is not known',
    refused,
    { environment: { AWS_SESSION_TOKEN: 'old' } },
    'with other credentials, after a restart',
  ),
  never(
    'session expired',
    refused,
    {
      script: {
        status: 403,
        type: 'ExpiredTokenException',
        message: 'The security token included in the request is expired',
      },
    },
    'by itself, where the SDK renews it (a role); else after a restart',
  ),
  never(
    'not allowed',
    refused,
    {
      script: {
        status: 403,
        type: 'AccessDeniedException',
        message: 'User: x is not authorized to perform: sagemaker:InvokeEndpoint on resource: y',
      },
    },
    'by itself, once it is allowed',
  ),
  never('no credentials', 'The AWS SDK finds no credentials to ask the endpoint with.', {
    environment: { ...nothingSet, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
    healed: 'credentials',
  }),
  never(
    'no region',
    'The endpoint cannot be asked: Region is missing',
    { environment: { ...nothingSet, AWS_REGION: '' } },
    'with a `SAGEMAKER_REGION`, after a restart',
  ),
];

const seconds = (ms: number) => `${ms / 1000} s`;

function inWords(does: Does): string {
  if (does === 'gives up') return 'gives up at once';
  if (does === 'waits') return 'waits for it until the deadline';
  const { attempts, baseMs, longestMs } = usualRetries;
  const waitsMs = Array.from({ length: attempts - 1 }, (_, at) =>
    Math.min(longestMs, baseMs * (does === 'later' ? 10 : 1) * 2 ** at),
  ).reduce((sum, ms) => sum + ms);
  return `asks ${attempts} times, within ${seconds(waitsMs)} of waits`;
}

export const codeOf = ({ does }: Row) => (does === 'waits' ? 'inference.timeout' : 'inference.unavailable');

/** The lines of the page. */
export function written(circuit: CircuitOptions = usualCircuit): readonly string[] {
  const { failures, openMs, longestMs } = circuit;
  const resting = `leaves it alone for ${seconds(openMs)}, twice as long each time up to ${seconds(longestMs)}; then one call finds out`;
  return [
    ...rows.map((one) => {
      const cells = [
        one.fault,
        inWords(one.does),
        `\`${codeOf(one)}\``,
        one.says,
        String(one.retryAfter),
        one.back,
      ];
      return `| ${cells.join(' | ')} |`;
    }),
    `| any of these, ${failures} calls in a row | ${resting} | \`inference.unavailable\` | The model’s endpoint keeps failing and is left alone for a moment; nothing was stored. | until then | ${itself} |`,
  ];
}
