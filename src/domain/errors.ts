/**
 * The whole vocabulary of faults: a stable code, who is at fault, and whether trying again can help.
 * Adapters translate into it at the border and keep the cause; `http/error-response.ts` alone maps codes to statuses.
 */
export type Fault = 'caller' | 'us' | 'upstream';

export interface ErrorKind {
  readonly fault: Fault;
  /** The same call may succeed later, unchanged. */
  readonly retryable: boolean;
  readonly title: string;
}

export const errorKinds = {
  'request.malformed': { fault: 'caller', retryable: false, title: 'The request is malformed' },
  'request.too_large': { fault: 'caller', retryable: false, title: 'The request is too large' },
  'request.unsupported_type': { fault: 'caller', retryable: false, title: 'The body type is not supported' },
  'request.not_found': { fault: 'caller', retryable: false, title: 'There is nothing here' },
  'request.cross_site': { fault: 'caller', retryable: false, title: 'Cross-site requests are refused' },
  'request.rate_limited': { fault: 'caller', retryable: true, title: 'Too many calls' },
  'access.unauthenticated': { fault: 'caller', retryable: false, title: 'No valid key was given' },
  'access.forbidden': { fault: 'caller', retryable: false, title: 'The key does not allow this' },
  'request.cancelled': { fault: 'caller', retryable: true, title: 'The caller went away' },
  'product.not_found': { fault: 'caller', retryable: false, title: 'The product is not known' },
  'product.invalid_id': { fault: 'caller', retryable: false, title: 'The product id is not valid' },
  'attribute.not_found': { fault: 'caller', retryable: false, title: 'The attribute is not known' },
  'image.missing': { fault: 'caller', retryable: false, title: 'No image was sent' },
  'image.too_many': { fault: 'caller', retryable: false, title: 'Too many images' },
  'image.too_large': { fault: 'caller', retryable: false, title: 'The image is too large' },
  'image.unsupported_type': { fault: 'caller', retryable: false, title: 'The image format is not supported' },
  'image.unreadable': { fault: 'caller', retryable: false, title: 'The image cannot be read' },
  'image.fetch_refused': { fault: 'caller', retryable: false, title: 'The image may not be fetched' },
  'image.fetch_failed': { fault: 'caller', retryable: false, title: 'The image cannot be fetched' },
  'image.fetch_unavailable': {
    fault: 'upstream',
    retryable: true,
    title: 'The image cannot be fetched right now',
  },
  'webhook.signature_invalid': { fault: 'caller', retryable: false, title: 'The signature is not valid' },
  'event.malformed': { fault: 'caller', retryable: false, title: 'The event cannot be read' },
  'event.topic_mismatch': { fault: 'caller', retryable: false, title: 'The topic is not that of the body' },
  'feature.unsupported': { fault: 'caller', retryable: false, title: 'Not available in this version' },
  'idempotency.conflict': { fault: 'caller', retryable: false, title: 'The key was used for another call' },
  'operation.not_found': { fault: 'caller', retryable: false, title: 'The operation is not known' },
  'operation.conflict': { fault: 'caller', retryable: false, title: 'The operation cannot be tried again' },
  'changes.expired': { fault: 'caller', retryable: false, title: 'These changes are no longer kept' },
  'subscription.not_found': { fault: 'caller', retryable: false, title: 'The subscription is not known' },
  'subscription.refused': { fault: 'caller', retryable: false, title: 'Events are not sent there' },
  'delivery.not_found': { fault: 'caller', retryable: false, title: 'The delivery is not known' },
  'secrets.unavailable': { fault: 'us', retryable: true, title: 'Stored secrets cannot be read' },
  'import.not_found': { fault: 'caller', retryable: false, title: 'The import is not known' },
  'import.source_unusable': {
    fault: 'caller',
    retryable: false,
    title: 'The source of the import cannot be read',
  },
  'job.conflict': { fault: 'caller', retryable: false, title: 'It is in no state for this' },
  'revision.conflict': { fault: 'caller', retryable: true, title: 'The product changed in between' },
  'taxonomy.invalid': { fault: 'caller', retryable: false, title: 'The taxonomy cannot be used' },
  'taxonomy.conflict': { fault: 'caller', retryable: false, title: 'The version has another content' },
  'taxonomy.not_found': { fault: 'caller', retryable: false, title: 'The taxonomy is not known' },
  'calibration.invalid': { fault: 'caller', retryable: false, title: 'The calibration cannot be used' },
  'calibration.conflict': { fault: 'caller', retryable: false, title: 'The id has another content' },
  'calibration.not_found': { fault: 'caller', retryable: false, title: 'The calibration is not known' },
  'inference.unavailable': { fault: 'upstream', retryable: true, title: 'The model is not available' },
  'inference.timeout': { fault: 'upstream', retryable: true, title: 'The model did not answer in time' },
  'store.unavailable': { fault: 'upstream', retryable: true, title: 'The store is not available' },
  'service.overloaded': { fault: 'us', retryable: true, title: 'The service is busy' },
  'service.internal': { fault: 'us', retryable: false, title: 'Something went wrong here' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

/** One of several problems inside an error, with a JSON pointer to what is wrong. */
export interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly pointer: string;
}

/** Every fault that hangtag itself raises. `detail` is written for the caller: no secret, no path, no stack. */
export class HangtagError extends Error {
  readonly code: ErrorCode;
  readonly errors: readonly Problem[];
  /** Seconds after which a retry makes sense, for retryable faults. */
  readonly retryAfter: number | undefined;
  /** The revision that stands, for `revision.conflict`. */
  readonly revision: number | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    options: { cause?: unknown; errors?: readonly Problem[]; retryAfter?: number; revision?: number } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HangtagError';
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryAfter = options.retryAfter;
    this.revision = options.revision;
  }

  get kind(): ErrorKind {
    return errorKinds[this.code];
  }
}
