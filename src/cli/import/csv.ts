/** RFC 4180: commas, `"` quotes that may hold commas, line ends and doubled quotes. Rows know their line for messages. */

export interface CsvRow {
  /** The line that the row begins on, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

export interface CsvText {
  readonly rows: readonly CsvRow[];
  readonly problems: readonly string[];
}

/** Empty lines are skipped. Reading stops at an unclosed quote, because nothing after it can be trusted. */
export function parseCsv(text: string): CsvText {
  const rows: CsvRow[] = [];
  const problems: string[] = [];
  let at = text.startsWith('\ufeff') ? 1 : 0;
  let line = 1;
  let begun = 1;
  let fields: string[] = [];

  function endRow(): void {
    if (fields.length > 1 || fields[0] !== '') rows.push({ line: begun, fields });
    fields = [];
    line++;
    begun = line;
  }

  while (at < text.length || fields.length > 0) {
    if (text[at] === '"') {
      const close = closingQuote(text, at);
      if (close < 0) {
        problems.push(`line ${line}: a quote is opened and never closed`);
        return { rows, problems };
      }
      const inside = text.slice(at + 1, close);
      fields.push(inside.replaceAll('""', '"'));
      const rest = restOfField(text, close + 1);
      if (rest.value.trim() !== '')
        problems.push(
          `line ${line}: there is text after a closing quote: ${JSON.stringify(rest.value.slice(0, 40))}`,
        );
      line += inside.split('\n').length - 1;
      at = rest.end;
    } else {
      const field = restOfField(text, at);
      fields.push(field.value);
      at = field.end;
    }
    if (text[at] === ',') {
      at++;
      continue;
    }
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    at++;
    endRow();
  }
  return { rows, problems };
}

function closingQuote(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}

function restOfField(text: string, from: number): { readonly value: string; readonly end: number } {
  let end = from;
  while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r') end++;
  return { value: text.slice(from, end), end };
}
