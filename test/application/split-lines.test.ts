import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BodyLine, type LineLimits, splitLines } from '../../src/application/split-lines.ts';

const limits: LineLimits = { lineBytes: 20, totalBytes: 1000, lines: 50 };

async function split(parts: readonly (string | Uint8Array)[], given = limits): Promise<BodyLine[]> {
  async function* body() {
    for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
  }
  const lines: BodyLine[] = [];
  for await (const some of splitLines(body(), given)) lines.push(...some);
  return lines;
}
const shown = (lines: readonly BodyLine[]) =>
  lines.map((line) => [line.number, 'text' in line ? line.text : line.fault.code]);

test.each([
  ['line ends', 'a\nb\r\nc', ['1 a', '2 b', '3 c']],
  ['a mark at the beginning, blank lines, a blank end', '\ufeffa\n\n  \r\nb\n\n', ['1 a', '4 b']],
  ['nothing', '', []],
  ['only blanks', '\n \n', []],
])('%s', async (_, text, expected) => {
  expect(shown(await split([text])).map((line) => line.join(' '))).toEqual(expected);
});

test('wherever the body is cut, the lines are the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'ü', '\u{1F457}', '\n', '\r\n', ' ', 'x'.repeat(15)), { maxLength: 40 }),
      fc.array(fc.nat(200), { maxLength: 6 }),
      async (pieces, cuts) => {
        const bytes = Buffer.from(pieces.join(''));
        const at = [...cuts.filter((cut) => cut < bytes.length), 0, bytes.length].sort((a, b) => a - b);
        const parts = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        const whole = await split([bytes]);
        expect(await split(parts)).toEqual(whole);
        // What is neither blank nor too long comes back as it was.
        const expected = bytes
          .toString()
          .split('\n')
          .filter((line) => line.trim() !== '' && Buffer.byteLength(line) <= limits.lineBytes);
        expect(whole.flatMap((line) => ('text' in line ? [line.text] : []))).toEqual(
          expected.map((line) => line.trim()),
        );
      },
    ),
  );
});

test('a line that is too long, and one that is no text, are faults of their own', async () => {
  const parts = [
    'a\n',
    'x'.repeat(15),
    'x'.repeat(15),
    '\nb\n',
    Uint8Array.of(0xff, 0xfe, 10),
    'c',
    'y'.repeat(30),
  ];
  expect(shown(await split(parts))).toEqual([
    [1, 'a'],
    [2, 'request.too_large'],
    [3, 'b'],
    [4, 'request.malformed'],
    [5, 'request.too_large'],
  ]);
});

test('too many bytes, too many lines', async () => {
  await expect(split(['x'.repeat(600), 'x'.repeat(600)])).rejects.toMatchObject({
    code: 'request.too_large',
  });
  await expect(split(['\n'.repeat(51)])).rejects.toMatchObject({ code: 'request.too_large' });
});
