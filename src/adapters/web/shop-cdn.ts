/**
 * Shops keep pictures of 4000 pixels, a model looks at a few hundred: where the shop's own image servers make smaller ones
 * by a word in the query, that is asked for, and most of the bytes never travel.
 *
 * - Shopify, `width`, 5760 at most, never enlarged: https://shopify.dev/docs/api/liquid/filters/image_url
 * - WordPress (Photon, of Jetpack), `w`: https://developer.wordpress.com/docs/photon/api/
 */

interface ShopCdn {
  serves(url: URL): boolean;
  readonly parameter: string;
  /** Words of the query by which the sender chose a shape: left as they are. */
  readonly shaped: readonly string[];
}

const cdns: readonly ShopCdn[] = [
  {
    serves: ({ hostname, pathname }) =>
      (hostname === 'cdn.shopify.com' && pathname.startsWith('/s/')) ||
      (hostname.endsWith('.myshopify.com') && pathname.startsWith('/cdn/')),
    parameter: 'width',
    shaped: ['height', 'crop'],
  },
  {
    serves: ({ hostname }) => /^i[0-3]\.wp\.com$/.test(hostname),
    parameter: 'w',
    shaped: ['h', 'resize', 'fit', 'crop', 'lb'],
  },
];

/** Shopify's older way to name a size, at the end of the file's name: `shirt_1024x1024.jpg`. */
const sizeInName =
  /_(\d+x\d*|x\d+|pico|icon|thumb|small|compact|medium|large|grande)(_[a-z_]+)?(@[23]x)?\.\w+$/;

/** The same picture `width` pixels wide; null where its host makes none, or the sender already chose a size. */
export function smallerRendition(url: URL, width: number): URL | null {
  if (url.protocol !== 'https:' || url.port !== '') return null;
  const cdn = cdns.find((candidate) => candidate.serves(url));
  if (cdn === undefined || sizeInName.test(url.pathname)) return null;
  // The query is kept as it was written: rewriting it would break one that is signed.
  const words = url.search === '' ? [] : url.search.slice(1).split('&');
  const names = words.map((word) => word.split('=', 1)[0]!);
  if (cdn.shaped.some((word) => names.includes(word))) return null;
  const given = words[names.indexOf(cdn.parameter)]?.split('=')[1];
  if (given !== undefined && !(Number(given) > width)) return null;
  const smaller = new URL(url);
  smaller.search = [...words.filter((_, i) => names[i] !== cdn.parameter), `${cdn.parameter}=${width}`].join(
    '&',
  );
  return smaller;
}
