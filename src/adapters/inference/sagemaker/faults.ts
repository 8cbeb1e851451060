/**
 * What the SageMaker runtime's errors mean. The SDK never tries a ModelError again, although it hides everything the
 * container says (a full queue is a ModelError with OriginalStatusCode 503), so its status, its name and what the
 * container said are read here, and the retrying is ours alone.
 *
 * Names and codes: the InvokeEndpoint API reference; statuses of DJL Serving 0.36 as observed.
 */
import { HangtagError } from '../../../domain/errors.ts';

/**
 * again: the same call may succeed at once. later: the endpoint asks for room, or is starting. never: the same call will
 * fail the same way, until somebody changes something.
 */
export type Chance = 'again' | 'later' | 'never';

export interface Verdict {
  readonly chance: Chance;
  /** In the service's own words, the cause kept. */
  readonly error: HangtagError;
}

interface Facts {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
  /** ModelError: what the container answered; 0 where it gave no answer within 60 s. */
  readonly original: number | undefined;
  readonly said: string;
}

/** Statuses of the container that pass: its queue is full, a worker died, the device ran out of memory for one batch. */
const passing = new Set([429, 500, 502, 503, 504, 507]);
const accessNames = /^(AccessDenied|ExpiredToken|UnrecognizedClient|InvalidSignature|InvalidClientTokenId)/;
const cutCodes = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
const networkCodes = new Set([
  ...cutCodes,
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

export function judge(error: unknown): Verdict {
  const facts = factsOf(error);
  const { name, message, status } = facts;
  const verdict = (chance: Chance, detail: string, retryAfter = 5): Verdict => ({
    chance,
    error: new HangtagError('inference.unavailable', detail, { cause: error, retryAfter }),
  });

  if (name === 'ModelError') return judgeContainer(facts, verdict);
  if (name === 'AbortError' || name === 'TimeoutError') {
    // The SDK calls a reset socket a TimeoutError too, and one that never came about.
    if (cutCodes.has(codeOf(error))) return verdict('again', 'The connection to the endpoint was cut.');
    if (networkCodes.has(codeOf(error)) || /did not establish a connection/.test(message))
      return verdict('again', 'The endpoint cannot be reached.');
    const detail = 'The endpoint gave no answer in time; nothing was stored.';
    return {
      chance: 'never',
      error: new HangtagError('inference.timeout', detail, { cause: error, retryAfter: 1 }),
    };
  }
  if (name === 'CredentialsProviderError')
    return verdict('never', 'The AWS SDK finds no credentials to ask the endpoint with.', 30);
  if (accessNames.test(name) || status === 401 || status === 403)
    return verdict('never', 'The endpoint refuses the credentials of this service.', 30);
  if (/^Throttling|^TooManyRequests/.test(name) || status === 429)
    return verdict(
      'later',
      name === 'ModelNotReadyException' ? 'The model is being loaded.' : 'The endpoint throttles.',
    );
  const invalid = name.startsWith('Validation');
  if (status === 413 || (invalid && /oversize|too large|exceed/i.test(message)))
    return verdict('never', 'The endpoint refuses calls of this size: lower SAGEMAKER_MAX_PAYLOAD.', 60);
  if (status !== undefined && status < 500 && /not found|could not find/i.test(message))
    return verdict(
      'never',
      'There is no such endpoint, variant or inference component in this region, or not yet.',
      30,
    );
  if (invalid && /no capacity|scaled? (in|to|down)|no (running )?instances/i.test(message))
    return verdict('never', 'The endpoint is scaled to zero.', 30);
  if (invalid && /inference component name header/i.test(message))
    return verdict('never', 'The endpoint wants SAGEMAKER_INFERENCE_COMPONENT to be set, or not to be.', 30);
  if (status !== undefined && status >= 500)
    return verdict('again', 'The endpoint is not available right now.');
  const code = codeOf(error);
  if (cutCodes.has(code)) return verdict('again', 'The connection to the endpoint was cut.');
  if (networkCodes.has(code)) return verdict('again', 'The endpoint cannot be reached.');
  // Nothing was sent: no region, no credentials. The SDK's own words say what to set.
  if (status === undefined) return verdict('never', `The endpoint cannot be asked: ${message}`, 30);
  return verdict('never', `The endpoint refuses the call (${name}).`, 30);
}

function judgeContainer(
  { original, said }: Facts,
  verdict: (chance: Chance, detail: string, retryAfter?: number) => Verdict,
): Verdict {
  if (original === 0) return verdict('never', 'The model did not answer within the endpoint’s 60 seconds.');
  if (original === 400 && /process is stopped/i.test(said))
    return verdict('again', 'A worker of the model was restarting.');
  if (original !== undefined && passing.has(original))
    return verdict(
      original === 429 || original === 503 ? 'later' : 'again',
      `The model answered with ${original}.`,
    );
  return verdict('never', `The model refused the call (${original ?? 'no status'}).`, 30);
}

function factsOf(error: unknown): Facts {
  const given = (error ?? {}) as {
    name?: unknown;
    message?: unknown;
    $metadata?: { httpStatusCode?: number };
    OriginalStatusCode?: number;
    OriginalMessage?: string;
  };
  return {
    name: String(given.name ?? ''),
    message: String(given.message ?? ''),
    status: given.$metadata?.httpStatusCode,
    original: given.OriginalStatusCode,
    said: `${given.OriginalMessage ?? ''} ${given.message ?? ''}`,
  };
}

function codeOf(error: unknown): string {
  for (let one: unknown = error, depth = 0; one instanceof Error && depth < 5; one = one.cause, depth++) {
    if ('code' in one && typeof one.code === 'string') return one.code;
    if ('errno' in one && typeof one.errno === 'string') return one.errno;
  }
  return '';
}
