import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCsv } from '../../../src/cli/import/csv.ts';

const fields = (text: string) => parseCsv(text).rows.map((row) => row.fields);

describe('CSV', () => {
  test('quotes hold commas, line ends and doubled quotes; rows know their line', () => {
    const { rows, problems } = parseCsv('\ufeffid,title\r\n1,"a, ""b""\nc"\r\n\r\n2,\n3,x');
    expect(problems).toEqual([]);
    expect(rows).toEqual([
      { line: 1, fields: ['id', 'title'] },
      { line: 2, fields: ['1', 'a, "b"\nc'] },
      { line: 5, fields: ['2', ''] },
      { line: 6, fields: ['3', 'x'] },
    ]);
  });

  test('an empty last field, an empty text, an empty quoted field', () => {
    expect(fields('a,')).toEqual([['a', '']]);
    expect(fields('')).toEqual([]);
    expect(fields('"",b')).toEqual([['', 'b']]);
  });

  test('broken quotes are named by line', () => {
    expect(parseCsv('id\n1\n"open\nand on').problems).toEqual(['line 3: a quote is opened and never closed']);
    expect(parseCsv('id\n"a"b\n').problems[0]).toContain('line 2: there is text after a closing quote');
  });

  test('whatever is written is read', () => {
    const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ' ', 'é') });
    const table = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), (rows, end) => {
        const quoted = rows.map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(','));
        expect(fields(quoted.join(end))).toEqual(rows);
      }),
    );
  });
});
