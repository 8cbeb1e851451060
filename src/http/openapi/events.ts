/** The calls by which shops say what they have, and the one that takes a deletion back. */
import { catalogEventSchema, receiptSchema, shopBodySchema } from '../wire-event.ts';
import { tagSetSchema } from '../wire-schemas.ts';
import { examplesOf } from './examples.ts';
import { etag, type Json, json, productId, reference, refusals, scope } from './parts.ts';

const header = (name: string, description: string, required = true): Json => ({
  name,
  in: 'header',
  required,
  description,
  schema: { type: 'string' },
});

const answers = {
  202: json(receiptSchema, 'Durable, and worked later, or nothing to do.', {}, [
    'eventAccepted',
    'eventDuplicate',
    'eventIgnored',
  ]),
  ...refusals(
    'request.not_found',
    'webhook.signature_invalid',
    'event.malformed',
    'event.topic_mismatch',
    'product.invalid_id',
  ),
};

const body = (schema: Json, shown: Json): Json => ({
  required: true,
  content: { 'application/json': { schema, ...shown } },
});

export const eventPaths: Json = {
  '/webhooks/catalog': {
    post: {
      operationId: 'receiveCatalogEvent',
      tags: ['Events'],
      ...scope(
        'none',
        'Signed by Standard Webhooks 1.0.0 with one of `WEBHOOK_SECRET_CATALOG`; `docs/integrations/generic.md` shows how. 1 MiB at most; images are named, not sent.',
      ),
      summary: 'A product made, changed or deleted, from any shop',
      parameters: [
        header('webhook-id', 'The event’s id, the same when it is sent again.'),
        header('webhook-timestamp', 'Seconds since 1970; at most five minutes from now.'),
        header('webhook-signature', '`v1,<base64>` of HMAC-SHA256 over `id.timestamp.body`.'),
      ],
      requestBody: body(reference(catalogEventSchema, 'input'), examplesOf(['catalogEvent'])),
      responses: answers,
    },
  },
  '/webhooks/shopify': {
    post: {
      operationId: 'receiveShopifyEvent',
      tags: ['Events'],
      ...scope(
        'none',
        'Shopify’s own webhooks, topics `products/create`, `products/update` and `products/delete`: `docs/integrations/shopify.md`.',
      ),
      summary: 'A product made, changed or deleted, from Shopify',
      parameters: [
        header('x-shopify-hmac-sha256', 'Base64 of HMAC-SHA256 over the body, under WEBHOOK_SECRET_SHOPIFY.'),
        header('x-shopify-topic', 'What happened.'),
        header('x-shopify-webhook-id', 'The event’s id, the same when it is sent again.', false),
      ],
      requestBody: body(reference(shopBodySchema, 'input'), examplesOf(['shopProduct'])),
      responses: answers,
    },
  },
  '/webhooks/woocommerce': {
    post: {
      operationId: 'receiveWooCommerceEvent',
      tags: ['Events'],
      ...scope(
        'none',
        'WooCommerce’s own webhooks, topics `product.created`, `product.updated`, `product.deleted` and `product.restored`: `docs/integrations/woocommerce.md`. The unsigned ping that it sends when a webhook is saved is answered 200, and nothing is done.',
      ),
      summary: 'A product made, changed, deleted or restored, from WooCommerce',
      parameters: [
        header(
          'x-wc-webhook-signature',
          'Base64 of HMAC-SHA256 over the body, under WEBHOOK_SECRET_WOOCOMMERCE.',
        ),
        header('x-wc-webhook-topic', 'What happened.'),
        header('x-wc-webhook-source', 'The site that sends; its host is part of the product’s id.'),
      ],
      requestBody: body(reference(shopBodySchema, 'input'), examplesOf(['shopProduct'])),
      responses: { 200: json(receiptSchema, 'A ping.', {}, ['eventIgnored']), ...answers },
    },
  },
  '/products/{id}/restore': {
    post: {
      operationId: 'restoreProduct',
      tags: ['Products'],
      ...scope(
        'admin',
        'What a shop deletes by an event is out of sight, and can be brought back for 30 days: tags, what people said, and revisions. After that it is forgotten. What `DELETE /products/{id}` forgot does not come back.',
      ),
      summary: 'Take a shop’s deletion back',
      parameters: [productId],
      responses: {
        200: json(tagSetSchema, 'As it was.', etag, ['tagged']),
        ...refusals('product.invalid_id', 'product.not_found', 'request.unsupported_type'),
      },
    },
  },
};
