/** What bytes are, by their first bytes alone: a header or a file name is only a claim. */

export type Format = 'jpeg' | 'png' | 'webp' | 'avif' | 'gif' | 'tiff';

/** A format that is read, or what the bytes look like instead (for people; null where nothing is recognised). */
export type Sniffed =
  | { readonly format: Format }
  | { readonly format: null; readonly looksLike: string | null };

/** Name, then pairs of offset and the Latin-1 text that stands there; the first row that fits wins. */
type Signature<Name> = readonly [Name, ...(readonly [number, string])[]];

const readable: readonly Signature<Format>[] = [
  ['jpeg', [0, '\xff\xd8\xff']],
  ['png', [0, '\x89PNG\r\n\x1a\n']],
  ['gif', [0, 'GIF87a']],
  ['gif', [0, 'GIF89a']],
  ['webp', [0, 'RIFF'], [8, 'WEBP']],
  ['tiff', [0, 'II*\0']],
  ['tiff', [0, 'MM\0*']],
  ['tiff', [0, 'II+\0']],
  ['tiff', [0, 'MM\0+']],
];

const rawCamera: Signature<string> = ['a Canon raw image', [0, 'II*\0'], [8, 'CR']];

const binary: readonly Signature<string>[] = [
  ['a PDF document', [0, '%PDF-']],
  ['a PostScript file', [0, '%!PS']],
  ['a Photoshop file', [0, '8BPS']],
  ['a BMP image', [0, 'BM'], [6, '\0\0\0\0']],
  ['a Windows icon', [0, '\0\0\x01\0']],
  ['a JPEG XL image', [0, '\xff\x0a']],
  ['a JPEG XL image', [0, '\0\0\0\x0cJXL ']],
  ['a JPEG 2000 image', [0, '\0\0\0\x0cjP  ']],
  ['a JPEG 2000 image', [0, '\xff\x4f\xff\x51']],
  ['an OpenEXR image', [0, '\x76\x2f\x31\x01']],
  ['a ZIP archive', [0, 'PK\x03\x04']],
  ['a gzip archive', [0, '\x1f\x8b']],
  ['a WAV file', [0, 'RIFF'], [8, 'WAVE']],
  ['an AVI video', [0, 'RIFF'], [8, 'AVI ']],
  ['a Matroska or WebM video', [0, '\x1a\x45\xdf\xa3']],
];

/** On the first 1,024 bytes as text, byte order mark and leading space removed. */
const textual: readonly (readonly [string, RegExp])[] = [
  ['an SVG drawing', /^<svg[\s>]/i],
  ['an SVG drawing', /^<(?:\?xml|!doctype svg|!--)[\s\S]*<svg[\s>]/i],
  ['an HTML page', /^<(?:!doctype html|html|head|body|script|!--)/i],
  ['an XML document', /^<\?xml/i],
  ['JSON', /^[[{]\s*["[{\]}\d-]/],
];

export function sniff(bytes: Uint8Array): Sniffed {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1024)).toString(
    'latin1',
  );
  if (fits(head, rawCamera)) return { format: null, looksLike: rawCamera[0] };
  const format = readable.find((row) => fits(head, row))?.[0];
  if (format) return { format };
  if (head.startsWith('ftyp', 4)) return sniffBoxes(bytes, head);
  const looksLike = binary.find((row) => fits(head, row))?.[0] ?? sniffText(head);
  return { format: null, looksLike };
}

function fits(head: string, [, ...marks]: Signature<string>): boolean {
  return marks.every(([offset, text]) => head.startsWith(text, offset));
}

/** ISO base media: AVIF, HEIC and MP4 share a container and differ by brand, the major one or a compatible one. */
function sniffBoxes(bytes: Uint8Array, head: string): Sniffed {
  const length = bytes.byteLength >= 16 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) : 0;
  const brands: string[] = [];
  for (let at = 8; at + 4 <= Math.min(length, head.length); at += 4) brands.push(head.slice(at, at + 4));
  const major = brands[0] ?? '';
  const hevc = (brand: string) => /^he[iv][cxms]$/.test(brand);
  if (hevc(major)) return { format: null, looksLike: 'a HEIC image' };
  if (brands.includes('avif') || brands.includes('avis')) return { format: 'avif' };
  if (brands.some((brand) => hevc(brand) || /^m[is]f1$/.test(brand))) {
    return { format: null, looksLike: 'a HEIC image' };
  }
  return { format: null, looksLike: 'a video' };
}

/** Text has almost only printable characters; random bytes have few. */
function sniffText(head: string): string | null {
  const text = head.replace(/^\xef\xbb\xbf/, '').trimStart();
  const known = textual.find(([, pattern]) => pattern.test(text));
  if (known) return known[0];
  const printable = head.match(/[\t\n\r -~]/g)?.length ?? 0;
  return printable >= head.length * 0.7 && !head.includes('\0') ? 'plain text' : null;
}
