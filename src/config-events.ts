/** The settings of events that shops send. Parsed with all others in `config.ts`. */
import { z } from 'zod';

/** Secrets, several while one is exchanged. Never repeated in what is said of them. */
const secrets = (isGood: (secret: string) => boolean, rule: string) =>
  z
    .string()
    .transform((text, context): readonly string[] => {
      const listed = text.split(',').map((secret) => secret.trim());
      for (const [index, secret] of listed.entries())
        if (!isGood(secret)) context.addIssue({ code: 'custom', message: `secret ${index + 1} ${rule}` });
      return listed;
    })
    .optional();

/** As adapters/signatures reads it, which would refuse it too, but alone. */
function standardSecret(secret: string): boolean {
  const base64 = secret.replace(/^whsec_/, '');
  const bytes = Buffer.from(base64, 'base64');
  const bare = (text: string) => text.replace(/=+$/, '');
  return bare(bytes.toString('base64')) === bare(base64) && bytes.byteLength >= 24 && bytes.byteLength <= 64;
}

/** `name` or `name=attribute`, comma-separated; see domain/events/merchant-fields.ts. */
const merchantFields = (fallback: string) =>
  z
    .string()
    .regex(/^[^=,]+(=[^=,]+)?(,[^=,]+(=[^=,]+)?)*$/, 'must be fields or field=attribute, comma-separated')
    .refine(
      (text) => !/(^|,)\s*tags\s*(=|,|$)/i.test(text),
      'tags cannot be one: hangtag’s own may stand there',
    )
    .default(fallback);

export const eventSettings = {
  WEBHOOK_SECRET_CATALOG: secrets(standardSecret, 'must be whsec_ and 24 to 64 bytes in base64').describe(
    'Secrets that sign POST /webhooks/catalog, comma-separated: each is accepted. Without one: 404.',
  ),
  WEBHOOK_SECRET_SHOPIFY: secrets((secret) => secret !== '', 'must not be empty').describe(
    'The same for POST /webhooks/shopify: the app’s client secret.',
  ),
  WEBHOOK_SECRET_WOOCOMMERCE: secrets((secret) => secret !== '', 'must not be empty').describe(
    'The same for POST /webhooks/woocommerce: the webhook’s secret.',
  ),
  MERCHANT_FIELDS_SHOPIFY: merchantFields(
    'category,product_type,color,colour,material,fabric,pattern',
  ).describe(
    'What of a Shopify product is the merchant’s word: category, product_type, and names of options, each alone or as name=attribute.',
  ),
  MERCHANT_FIELDS_WOOCOMMERCE: merchantFields('categories,color,colour,material,fabric,pattern').describe(
    'The same for WooCommerce: categories, and names of attributes.',
  ),
  RETAIN_EVENT_DAYS: z.coerce
    .number('RETAIN_EVENT_DAYS must be a number')
    .int()
    .min(1)
    .max(3650)
    .default(30)
    .describe('Days for which an event that comes again is known to have come before.'),
};
