/**
 * What went wrong with S3, in facts that may be logged. The SDK's own errors may not: where a signature is refused they
 * carry the request with its session token.
 */
import { HangtagError } from '../../domain/errors.ts';

export interface S3FaultFacts {
  /** PutObject, HeadObject, … */
  readonly operation: string;
  /** S3's code, the SDK's name for the error, or the socket's (ECONNREFUSED). */
  readonly code: string;
  /** HTTP; null where there was no answer. */
  readonly status: number | null;
  readonly requestId: string | null;
  /** Where the bucket is, if S3 said that it is elsewhere. */
  readonly region: string | null;
}

export class S3Fault extends Error implements S3FaultFacts {
  readonly operation: string;
  readonly code: string;
  readonly status: number | null;
  readonly requestId: string | null;
  readonly region: string | null;

  constructor(message: string, facts: S3FaultFacts) {
    super(message);
    this.name = 'S3Fault';
    this.operation = facts.operation;
    this.code = facts.code;
    this.status = facts.status;
    this.requestId = facts.requestId;
    this.region = facts.region;
  }

  /** The same call may succeed a moment later. */
  get passing(): boolean {
    if (this.status === null) return !noAnswerToHopeFor.includes(this.code);
    return this.status === 429 || (this.status >= 500 && this.status !== 501) || passing.includes(this.code);
  }

  get throttled(): boolean {
    return this.status === 429 || /SlowDown|Throttl|TooManyRequests|RequestLimit/.test(this.code);
  }
}

/** With a status below 500. A clock that is off is corrected by the SDK from S3's answer. */
const passing = [
  ...['RequestTimeout', 'OperationAborted', 'ConditionalRequestConflict', 'RequestTimeTooSkewed'],
  ...['SlowDown', 'Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'InternalError'],
];
/** Without any status: there were no credentials, no region, or nothing that speaks S3. */
const noAnswerToHopeFor = ['CredentialsProviderError', 'RegionMissing', 'SyntaxError'];

/** What the SDK throws, as far as it is read here. */
interface SdkError extends Error {
  readonly Code?: string;
  readonly code?: string;
  readonly Region?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> };
}

/** A mistake of ours (a TypeError and the like) stays what it is. */
export function toFault(operation: string, error: unknown): unknown {
  if (error instanceof S3Fault || !(error instanceof Error)) return error;
  const { name, message, Code, code, Region, $metadata, $response } = error as SdkError;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode ?? null;
  const ours = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  if (status === null && ours && code === undefined) return error;
  const facts: S3FaultFacts = {
    operation,
    code: /^Region (is missing|not accepted)/.test(message) ? 'RegionMissing' : (Code ?? code ?? name),
    status,
    requestId: $metadata?.requestId ?? null,
    region: Region ?? (status === 301 ? ($response?.headers?.['x-amz-bucket-region'] ?? null) : null),
  };
  // S3 speaks of users and resources, never of secrets; a credential helper's output might hold one.
  const said = facts.code === 'CredentialsProviderError' ? '' : `: ${message.slice(0, 300)}`;
  return new S3Fault(`${operation} ${facts.code}${status === null ? '' : ` (${status})`}${said}`, facts);
}

export function timedOut(operation: string, ms: number): S3Fault {
  const facts = { operation, code: 'Timeout', status: null, requestId: null, region: null };
  return new S3Fault(`${operation} had no answer within ${Math.round(ms)} ms`, facts);
}

/** For callers of the port. */
export function unavailable(cause: unknown): HangtagError {
  const detail = 'The store of original images cannot be used right now.';
  return new HangtagError('store.unavailable', detail, { cause, retryAfter: 5 });
}
