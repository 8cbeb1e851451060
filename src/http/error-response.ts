/** Faults to `application/problem+json` (RFC 9457): the only table from code to status. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, HangtagError } from '../domain/errors.ts';
import { answerThenDrain } from './unread-body.ts';

export const statusOf: Readonly<Record<ErrorCode, number>> = {
  'request.malformed': 400,
  'request.too_large': 413,
  'request.unsupported_type': 415,
  'request.not_found': 404,
  'request.cross_site': 403,
  'request.rate_limited': 429,
  'access.unauthenticated': 401,
  'access.forbidden': 403,
  'request.cancelled': 499,
  'product.not_found': 404,
  'product.invalid_id': 400,
  'attribute.not_found': 404,
  'image.missing': 400,
  'image.too_many': 413,
  'image.too_large': 413,
  'image.unsupported_type': 415,
  'image.unreadable': 422,
  'image.fetch_refused': 422,
  'image.fetch_failed': 422,
  'image.fetch_unavailable': 503,
  'webhook.signature_invalid': 403,
  'event.malformed': 422,
  'event.topic_mismatch': 422,
  'feature.unsupported': 501,
  'idempotency.conflict': 409,
  'operation.not_found': 404,
  'operation.conflict': 409,
  'changes.expired': 410,
  'subscription.not_found': 404,
  'subscription.refused': 422,
  'delivery.not_found': 404,
  'secrets.unavailable': 503,
  'import.not_found': 404,
  'import.source_unusable': 422,
  'job.conflict': 409,
  'revision.conflict': 412,
  'taxonomy.invalid': 422,
  'taxonomy.conflict': 409,
  'taxonomy.not_found': 404,
  'calibration.invalid': 422,
  'calibration.conflict': 409,
  'calibration.not_found': 404,
  'inference.unavailable': 503,
  'inference.timeout': 504,
  'store.unavailable': 503,
  'service.overloaded': 503,
  'service.internal': 500,
};

/** What Fastify and its multipart plugin refuse by themselves, in our words. */
const foreign: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['request.too_large', 'The body is larger than this kind of request may be.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'request.unsupported_type',
    'Send multipart/form-data, application/json, or an image as image/jpeg, png, webp, avif, gif or tiff.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'request.malformed',
    'The body is not as long as Content-Length says.',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['request.malformed', 'The JSON body is empty.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['request.malformed', 'The body is not valid JSON.'],
  FST_ERR_BAD_URL: ['request.malformed', 'The path is not valid percent-encoding.'],
  FST_FILES_LIMIT: ['image.too_many', 'One request takes at most 8 images.'],
  FST_FIELDS_LIMIT: ['request.malformed', 'There are too many form fields.'],
  FST_PARTS_LIMIT: ['request.malformed', 'There are too many form parts.'],
  FST_PROTO_VIOLATION: ['request.malformed', 'A form field has a name that is not allowed.'],
  FST_INVALID_MULTIPART_CONTENT_TYPE: ['request.malformed', 'The multipart body has no boundary.'],
  FST_NO_FORM_DATA: ['request.malformed', 'The multipart body is not form data.'],
};

/** Any thrown thing as one of our faults. What nobody foresaw is `service.internal`, its cause for the log alone. */
export function toHangtagError(error: unknown, contentType = ''): HangtagError {
  if (error instanceof HangtagError) return error;
  const { code, statusCode } = (error ?? {}) as Partial<FastifyError>;
  const known = code === undefined ? undefined : foreign[code];
  if (known) {
    const [ours, detail] = known;
    const isImage = ours === 'request.too_large' && contentType.startsWith('image/');
    return new HangtagError(isImage ? 'image.too_large' : ours, detail, { cause: error });
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new HangtagError('request.malformed', 'The request cannot be understood.', { cause: error });
  }
  return new HangtagError(
    'service.internal',
    'Something went wrong here; it is logged under this request id.',
    { cause: error },
  );
}

export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const fault = toHangtagError(error, request.headers['content-type']);
  const status = statusOf[fault.code];
  reply.faultCode = fault.code;
  if (fault.code === 'service.internal') request.log.error({ err: fault.cause ?? fault }, 'unexpected error');
  else if (status >= 500) request.log.warn({ code: fault.code, err: fault.cause }, fault.message);
  if (fault.retryAfter !== undefined || status === 503 || status === 504)
    reply.header('retry-after', String(fault.retryAfter ?? 1));
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  const body = JSON.stringify(problem(fault, status, request.id));
  if (fault.revision !== undefined) reply.header('etag', `"${fault.revision}"`);
  reply.code(status).type('application/problem+json; charset=utf-8');
  // What was refused before it was read is still on its way: the connection cannot be used again.
  if (status === 413 || !request.raw.complete) reply.header('connection', 'close');
  if (request.raw.complete) return reply.send(body);
  return reply
    .header('content-length', String(Buffer.byteLength(body)))
    .send(answerThenDrain(body, request.raw));
}

/** The body; `errors` only where there are several things to say. */
export function problem(fault: HangtagError, status: number, instance: string) {
  return {
    type: `urn:hangtag:error:${fault.code}`,
    title: fault.kind.title,
    status,
    code: fault.code,
    detail: fault.message,
    instance,
    ...(fault.revision === undefined ? {} : { revision: fault.revision }),
    ...(fault.errors.length > 0 ? { errors: fault.errors } : {}),
  };
}
