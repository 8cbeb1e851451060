/** One problem for each code, as a caller meets it. */
import { type ErrorCode, errorKinds, HangtagError } from '../../domain/errors.ts';
import { problem, statusOf } from '../error-response.ts';
import type { Json } from './json.ts';

/** In the words of the service where it has only one way to say it; a code without words here shows its title. */
const details: Partial<Record<ErrorCode, string>> = {
  'request.malformed': '/set/colour: "colour" is not an attribute of products.',
  'request.too_large': 'A request may have at most 67108864 bytes.',
  'request.unsupported_type':
    'Send multipart/form-data, application/json, or an image as image/jpeg, png, webp, avif, gif or tiff.',
  'request.not_found': 'There is nothing at this path and method.',
  'request.cross_site': 'This service is open on this machine only: the Host must be loopback.',
  'request.rate_limited': 'At most 600 calls a minute; nothing was stored.',
  'access.unauthenticated':
    'Send a valid key as "Authorization: Bearer ht_<id>_<secret>" or "x-api-key: ht_<id>_<secret>".',
  'access.forbidden': 'This call needs a key with the scope "review".',
  'product.not_found': 'No product with this id has been tagged.',
  'product.invalid_id': 'A product id has 1 to 256 characters, none of them control characters.',
  'attribute.not_found': 'The taxonomy has no attribute with this id.',
  'image.missing': 'Send at least one image.',
  'image.too_many': 'One request takes at most 8 images.',
  'image.too_large': 'An image may have at most 20 MiB.',
  'image.unsupported_type': 'This looks like PDF. Send JPEG, PNG, WebP, AVIF, GIF or TIFF.',
  'image.unreadable': 'The base64 text is empty or not valid base64.',
  'image.fetch_refused': 'The address 169.254.169.254 is not one that images are fetched from.',
  'image.fetch_failed': 'The server of the image answered with 404.',
  'image.fetch_unavailable': 'The server of the image answers with 503; it is tried again.',
  'webhook.signature_invalid': 'The event is not signed with a secret that is known here.',
  'event.malformed':
    '/data/productId: A product id is text of 1 to 256 characters, without control characters.',
  'event.topic_mismatch':
    'A deletion carries only the product’s id; this body is a whole product. Nothing was done.',
  'idempotency.conflict': 'This Idempotency-Key was used for another call within the last 24 hours.',
  'operation.not_found': 'There is no operation with this id; they are kept for 7 days.',
  'operation.conflict': 'It is done; only what has failed can be tried again.',
  'changes.expired': 'Changes are kept for 30 days; read what stands anew, then go on from a new cursor.',
  'subscription.not_found': 'There is no subscription with this id.',
  'subscription.refused': 'Events are not sent to this URL: its address is not a public one.',
  'delivery.not_found': 'There is no delivery with this id.',
  'secrets.unavailable': 'SECRETS_KEY is not the key that the stored secrets were sealed with.',
  'import.not_found': 'There is no import with this id; they are kept for 90 days.',
  'import.source_unusable': 'The server answered shop.example/catalog.ndjson with 404.',
  'job.conflict': 'The import is finished: it cannot be paused.',
  'revision.conflict': 'The product is at revision 3.',
  'taxonomy.invalid': '/files/attributes~1fit.yaml/reliability: Invalid option.',
  'taxonomy.conflict': 'The version 1.0.0 has another content already: raise the version in taxonomy.yaml.',
  'taxonomy.not_found': 'There is no taxonomy with this version.',
  'calibration.invalid': '/taxonomy: there is no taxonomy retail-visual-attributes@9.9.9 here',
  'calibration.conflict': 'The calibration hangtag-garments-1/1.1.0/1 has another content already.',
  'calibration.not_found': 'There is no calibration with this id.',
  'inference.timeout': 'The model gave no answer within 10000 ms; nothing was stored.',
  'store.unavailable': 'The database is busy: no connection became free in time.',
  'service.overloaded': 'The service is too busy to take more work; nothing was stored.',
  'service.internal': 'Something went wrong here; it is logged under this request id.',
};

/** By code, for `components.examples`. */
export const problemExamples: Json = Object.fromEntries(
  Object.keys(errorKinds).map((code) => [code, problemExample(code as ErrorCode)]),
);

function problemExample(code: ErrorCode): Json {
  const { title } = errorKinds[code];
  const detail = details[code] ?? `${title}.`;
  const errors =
    code === 'request.malformed'
      ? [
          {
            code: 'attribute.not_found',
            detail: '"colour" is not an attribute of products.',
            pointer: '/set/colour',
          },
        ]
      : [];
  const fault = new HangtagError(code, detail, {
    errors,
    ...(code === 'revision.conflict' ? { revision: 3 } : {}),
  });
  return {
    summary: title,
    value: problem(fault, statusOf[code], '0b9ca3f4-4a44-4c51-8a4e-0f5f6c1f1a11'),
  };
}
