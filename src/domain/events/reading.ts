/** What a sender's JSON says, read with care: every mistake is noted with its pointer, and reading goes on to the next. */
import { HangtagError, type Problem } from '../errors.ts';
import { pointerKey } from '../review/refusal.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Mistakes named in one answer, at most. */
const maxProblems = 50;
const plain = /^[^\p{Cc}\p{Cs}]*$/u;

export interface Notes {
  wrong(pointer: string, detail: string): void;
  /** Throws `event.malformed` with everything that was noted. */
  refuse(): void;
}

export function createNotes(): Notes {
  const problems: Problem[] = [];
  return {
    wrong(pointer, detail) {
      if (problems.length < maxProblems) problems.push({ code: 'event.malformed', detail, pointer });
    },
    refuse() {
      const [first] = problems;
      if (!first) return;
      const detail =
        problems.length === 1
          ? `${first.pointer || '/'}: ${first.detail}`
          : `${problems.length} things are wrong with this event.`;
      throw new HangtagError('event.malformed', detail, { errors: problems });
    },
  };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown, pointer: string, notes: Notes): Fields {
  if (isFields(value)) return value;
  notes.wrong(pointer, 'It is an object.');
  return {};
}

/** Absent: an empty list. */
export function listOf(value: unknown, pointer: string, notes: Notes): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  notes.wrong(pointer, 'It is a list.');
  return [];
}

/** A line of text, trimmed; null where absent, empty or wrong. `most`: characters. */
export function lineOf(value: unknown, pointer: string, notes: Notes, most = 512): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') {
    notes.wrong(pointer, 'It is text.');
    return null;
  }
  const text = value.trim();
  if (text.length > 2 * most || [...text].length > most) {
    notes.wrong(pointer, `It has at most ${most} characters.`);
    return null;
  }
  if (!plain.test(text)) {
    notes.wrong(pointer, 'It has no control characters.');
    return null;
  }
  return text === '' ? null : text;
}

export function below(pointer: string, ...steps: readonly (string | number)[]): string {
  return [pointer, ...steps.map((step) => pointerKey(String(step)))].join('/');
}
