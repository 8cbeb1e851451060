/** Forms, right and wrong: parts, names, boundaries, nesting; and the few pictures that all generated requests share. */
import fc, { type Arbitrary } from 'fast-check';
import { quarters } from '../adapters/image/drawing.ts';
import { nastyTexts, words } from './words.ts';

/** Few and small, so that each is decoded once and then known: what is tested here is the door, not the decoder. */
const good: readonly Buffer[] = await Promise.all([
  quarters(64, 64).jpeg().toBuffer(),
  quarters(48, 80).png().toBuffer(),
  quarters(64, 40).webp().toBuffer(),
  quarters(40, 40).gif().toBuffer(),
]);
const bad: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from('<svg/>'),
  Buffer.from([0xff, 0xd8, 0xff]),
  good[0]!.subarray(0, 100),
  Buffer.from('{"not":"an image"}'),
];

export const pictures: Arbitrary<Buffer> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...good) },
  { weight: 1, arbitrary: fc.constantFrom(...bad) },
);

export const base64Images: Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: pictures.map((bytes) => bytes.toString('base64')) },
  { weight: 1, arbitrary: words },
);

interface Part {
  readonly head: readonly string[];
  readonly content: Buffer;
}

const header = (name: string, filename: string | null) =>
  `content-disposition: form-data; name="${name}"${filename === null ? '' : `; filename="${filename}"`}`;

const filenames = fc.constantFrom<string | null>(
  'a.jpg',
  'a.jpg',
  'a.jpg',
  null,
  '',
  '../../etc/passwd',
  'C:\\windows\\a.jpg',
  'a.jpg\0.php',
  'ä👩‍👩‍👧‍👦.png',
  `${'n'.repeat(3000)}.jpg`,
);

const picturePart: Arbitrary<Part> = fc
  .record({
    name: fc.oneof({ weight: 9, arbitrary: fc.constant('image') }, words),
    filename: filenames,
    type: fc.constantFrom(
      null,
      'image/jpeg',
      'application/json',
      'text/plain; charset=bogus',
      'multipart/mixed; boundary=z',
      '',
    ),
    content: pictures,
  })
  .map(({ name, filename, type, content }) => ({
    head: [header(name, filename), ...(type === null ? [] : [`content-type: ${type}`])],
    content,
  }));

const textPart = (names: readonly string[]): Arbitrary<Part> =>
  fc
    .record({
      name: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, words),
      content: words,
      type: fc.constantFrom(null, null, null, 'application/json', 'text/html', 'text/plain; charset=utf-16'),
    })
    .map(({ name, content, type }) => ({
      head: [header(name, null), ...(type === null ? [] : [`content-type: ${type}`])],
      content: Buffer.from(content),
    }));

const strangeParts: readonly Part[] = [
  { head: [], content: Buffer.from('no headers at all') },
  { head: ['content-disposition: form-data'], content: Buffer.from('no name') },
  { head: ['content-disposition: attachment; filename="a.jpg"'], content: good[0]! },
  { head: ['content-disposition: form-data; name=image; filename=a.jpg'], content: good[0]! },
  { head: ['Content-Disposition: form-data; name="image"; filename*=utf-8\'\'%ff%00'], content: good[0]! },
  {
    head: [header('image', 'a.jpg'), 'content-transfer-encoding: base64'],
    content: Buffer.from(good[0]!.toString('base64')),
  },
  { head: [header('image', 'a.jpg'), `x: ${'y'.repeat(20_000)}`], content: good[0]! },
  {
    head: [header('image', 'a.jpg'), ...Array.from({ length: 60 }, (_, n) => `x-${n}: y`)],
    content: good[0]!,
  },
  { head: ['this is no header'], content: Buffer.from('x') },
  { head: [header('title', null)], content: Buffer.alloc(20_000, 't') },
  { head: [header('__proto__', null)], content: Buffer.from('x') },
  { head: [header('constructor', 'a.jpg')], content: good[0]! },
  {
    head: [header('image', 'a.jpg'), 'content-type: multipart/mixed; boundary=inner'],
    content: Buffer.concat([
      Buffer.from('--inner\r\ncontent-type: image/jpeg\r\n\r\n'),
      good[0]!,
      Buffer.from('\r\n--inner--'),
    ]),
  },
];

const boundary = 'xyzzy';

function written(parts: readonly Part[], newline = '\r\n'): Buffer {
  const pieces = parts.flatMap(({ head, content }) => [
    Buffer.from(
      `--${boundary}${newline}${head.map((line) => `${line}${newline}`).join('')}${newline}`,
      'utf8',
    ),
    content,
    Buffer.from(newline),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--${newline}`)]);
}

type Form = { readonly type: string; readonly body: Buffer };
const type = `multipart/form-data; boundary=${boundary}`;

/** What is done to a form that was right. */
const breakings: readonly ((body: Buffer) => Form)[] = [
  (body) => ({ type, body: body.subarray(0, body.length - 12) }),
  (body) => ({ type, body: body.subarray(0, body.length >> 1) }),
  (body) => ({ type, body: body.subarray(3) }),
  (body) => ({ type, body: Buffer.concat([Buffer.from('preamble\r\n'), body, Buffer.from('epilogue')]) }),
  (body) => ({ type, body: Buffer.concat([body, body]) }),
  (body) => ({ type: 'multipart/form-data; boundary=other', body }),
  (body) => ({ type: 'multipart/form-data', body }),
  (body) => ({ type: 'multipart/form-data; boundary=', body }),
  (body) => ({ type: 'multipart/form-data; boundary="xyzzy"', body }),
  (body) => ({ type: `multipart/form-data; boundary=${'b'.repeat(3000)}`, body }),
  (body) => ({ type: 'multipart/mixed; boundary=xyzzy', body }),
  (body) => ({ type: 'Multipart/Form-Data; Boundary=xyzzy', body }),
  (body) => ({ type: `${type}; boundary=other`, body }),
  () => ({ type, body: Buffer.alloc(0) }),
  () => ({ type, body: Buffer.from(`--${boundary}--\r\n`) }),
  () => ({ type, body: Buffer.from(`--${boundary}\r\n`.repeat(5000)) }),
  () => ({ type, body: Buffer.alloc(5000, '-') }),
];

/** `names`: the text fields that the schema knows. */
export function multipartBody(names: readonly string[]): Arbitrary<Form> {
  const part = fc.oneof(
    { weight: 6, arbitrary: picturePart },
    { weight: 3, arbitrary: textPart(names.length > 0 ? names : nastyTexts) },
    { weight: 1, arbitrary: fc.constantFrom(...strangeParts) },
  );
  const usual = fc.array(part, { minLength: 1, maxLength: 4 });
  const many = fc.array(picturePart, { minLength: 7, maxLength: 10 });
  const crowds = textPart(names.length > 0 ? names : nastyTexts).map((one) =>
    Array.from({ length: 30 }, () => one),
  );
  const parts = fc.oneof(
    { weight: 8, arbitrary: usual },
    { weight: 1, arbitrary: many },
    { weight: 1, arbitrary: crowds },
  );
  return fc
    .tuple(parts, fc.boolean(), fc.option(fc.constantFrom(...breakings), { freq: 3 }), fc.nat(20))
    .map(([list, whole, breaking, newline]) => {
      const body = written(list, newline === 0 ? '\n' : '\r\n');
      return whole || breaking === null ? { type, body } : breaking(body);
    });
}
