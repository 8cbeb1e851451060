/** What a reader of the document has to know before the calls: the page `/docs` begins with it. */
import { errorKinds } from '../../domain/errors.ts';
import { scopes } from '../access/scopes.ts';
import { statusOf } from '../error-response.ts';
import type { Json } from './json.ts';

/** Groups of calls, in the order of reading. */
export const groups: readonly Json[] = [
  { name: 'Tagging', description: 'Photos in, tags out; and what stands for a product.' },
  { name: 'Review', description: 'What people say of the tags, and what still waits for them.' },
  { name: 'Products', description: 'Lists, and forgetting.' },
  { name: 'Importing', description: 'Whole catalogues, a line a product.' },
  {
    name: 'Events',
    description: 'What shops send when a product changes, signed. Being told of changes, and catching up.',
  },
  {
    name: 'Vocabulary',
    description: 'Which categories, attributes and values there are, and which the model can decide.',
  },
  { name: 'Operating', description: 'For whoever runs the service.' },
];

const start = `Product photos in, structured attributes out.

## In three calls

Tag a product from a photo. The product's id is yours to choose:

\`\`\`
curl -F image=@photo.jpg http://127.0.0.1:3000/products/sku-1/tags
\`\`\`

See what a person should look at, least certain first, and say what is right:

\`\`\`
curl "http://127.0.0.1:3000/products?review=pending&sort=uncertainty"
curl -X PATCH -H 'content-type: application/json' http://127.0.0.1:3000/products/sku-1/tags \\
  -d '{"set":{"color":["navy"]},"reject":["sleeve-length/long"],"by":"ada"}'
\`\`\`

List what is accepted:

\`\`\`
curl "http://127.0.0.1:3000/products?category=clothing&attribute=color/navy&attribute=color/white"
\`\`\`

The ids of categories, attributes and values are those of \`GET /taxonomy\` (\`GET /taxonomy/attributes/color\` for one).
\`GET /model\` says which of them the active model can decide; a person may set any of them.`;

const access = `## Access

A service without keys (\`API_KEYS\` not set) answers to callers on its own machine alone, and asks for nothing. One with keys wants
one with every call but \`/healthz\`, \`/readyz\`, \`/docs\` and \`/openapi.json\`:

\`\`\`
curl -H 'Authorization: Bearer ht_<id>_<secret>' …      # or  -H 'x-api-key: ht_<id>_<secret>'
\`\`\`

Each call names the scope that the key must have: ${scopes.map((name) => `\`${name}\``).join(', ')}. \`admin\` has all of
them; otherwise no scope implies another: a reviewer who also looks needs \`read\` and \`review\`. Whoever runs the service makes keys
with \`npm run hangtag -- keys create --scopes read+review\`. No valid key: 401. A key without the scope: 403.`;

const reading = `## How to read an answer

A **TagSet** is all that stands for one product. Its category and each attribute are a **decision**:

| \`status\` | means | \`values\` |
|---|---|---|
| \`accepted\` | sure enough, or said by somebody | what it is; in \`tags\` and lists |
| \`suggested\` | likely, but not to be used unseen | what it may be; not in \`tags\` |
| \`abstained\` | the model does not know, \`reason\` says why: \`below-threshold\`, \`ambiguous\`, \`not-visible\` | none; the best guesses are \`candidates\` |
| \`cleared\` | somebody says: it has none | none |

\`source\` is who says so: \`model\`, \`human\` or \`merchant\`. No model overwrites what the other two said. \`confidence\` is a probability
from 0 to 1, null where a person spoke; the model's decision is accepted from \`threshold\` on. An attribute that does not apply to the
category is absent, and so is one that the model cannot decide at all, which stands in \`provenance.notSupported\` instead.

\`revision\` counts the changes of a product. \`ETag\` has it in quotes, for \`If-Match\` of a review. Confidences alone make no new one.`;

const rules = `## Rules for all calls

- **Ids** of products are 1 to 256 characters, URL-encoded in the path: \`gid://shopify/Product/42\` is
  \`/products/gid%3A%2F%2Fshopify%2FProduct%2F42/tags\`.
- **Images**: JPEG, PNG, WebP, AVIF, GIF (first frame) or TIFF, told by content; 1 to 8 a product, 20 MiB and 50 megapixels each, 64 MiB a
  request (JSON: 16 MiB). One bad image does not fail the others: it stands in \`images\` with its fault.
- **Lists** answer \`{"items":[…],"next":"…"}\`. For the page after, send the same query with \`cursor=\` and what \`next\` was; null is the end.
- **Again**: what answers 429, 503 or 504 stored nothing and may be sent again, after \`Retry-After\` seconds. With an \`Idempotency-Key\`
  a tagging call can be sent again at any time.
- **Times** are RFC 3339 in UTC. \`x-request-id\` (yours, if you send one) comes back and stands in the log.
- **Names** are stable. Fields and codes may be added, and enumerations are open: ignore what you do not know.
- \`fabric\` is taken wherever \`material\` is.`;

/** Markdown. */
export function introduction(): string {
  return [start, access, reading, rules, faults()].join('\n\n');
}

function faults(): string {
  const rows = Object.entries(errorKinds)
    .map(([code, { title, retryable }]) => ({
      code,
      title,
      retryable,
      status: statusOf[code as keyof typeof statusOf],
    }))
    // 499 is for the log: nobody is there any more to be answered.
    .filter(({ status }) => status !== 499)
    .sort((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1))
    .map(
      ({ code, title, retryable, status }) =>
        `| ${status} | \`${code}\` | ${title} | ${retryable ? 'may help' : ''} |`,
    );
  return `## What can go wrong

Faults are \`application/problem+json\` (RFC 9457). Go by \`code\`, which is stable; \`detail\` is for people; \`errors\`, where it is there,
names each mistake with a JSON pointer into what was sent (\`/query/…\` for the query); \`instance\` is the request id.

| status | code | means | the same call again |
|---|---|---|---|
${rows.join('\n')}`;
}
