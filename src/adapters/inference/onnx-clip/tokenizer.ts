/**
 * Texts to tokens by the checkpoint's tokenizer.json. The only file that knows the tokenizer package, which neither cuts
 * nor pads. Both are done here as the models were trained: a text that is too long keeps its end token as the last one.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';

/**
 * What is done to a text before it is tokenized. canonical: ASCII punctuation is removed and all is lower case, as SigLIP
 * was trained; lower: lower case alone, as SigLIP 2; as-is: neither, as CLIP. White space is collapsed by each.
 */
export type TextRule = 'as-is' | 'lower' | 'canonical';

export interface TextTokenizer {
  readonly padId: number;
  /** At most the context length, with the special tokens that the model wants, without padding. */
  encode(text: string): readonly number[];
}

/** A name, or the record that older checkpoints have of it. */
const specialToken = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content), z.null()])
  .optional();
const tokenizerConfig = z.looseObject({ eos_token: specialToken, pad_token: specialToken });

export async function openTokenizer(
  directory: string,
  { contextLength, rule }: { readonly contextLength: number; readonly rule: TextRule },
): Promise<TextTokenizer> {
  const [core, config] = await Promise.all([
    readRecord(directory, 'tokenizer.json'),
    readRecord(directory, 'tokenizer_config.json'),
  ]);
  const { eos_token: eos, pad_token: pad } = tokenizerConfig.parse(config);
  let tokenizer: Tokenizer;
  try {
    tokenizer = new Tokenizer(core, config);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`tokenizer.json cannot be used: ${reason}`, { cause });
  }
  const idOf = (token: string | null | undefined) => (token ? tokenizer.token_to_id(token) : undefined);
  const endId = idOf(eos);
  const padId = idOf(pad) ?? endId;
  if (padId === undefined)
    throw new Error('tokenizer_config.json names neither a pad_token nor an eos_token of tokenizer.json');
  return {
    padId,
    encode(text) {
      const { ids } = tokenizer.encode(applyRule(rule, text));
      if (ids.length <= contextLength) return ids;
      const ends = endId !== undefined && ids.at(-1) === endId;
      return ends ? [...ids.slice(0, contextLength - 1), endId] : ids.slice(0, contextLength);
    },
  };
}

export function applyRule(rule: TextRule, text: string): string {
  const bare = rule === 'canonical' ? text.replace(/[!-/:-@[-`{-~]/g, '') : text;
  const cased = rule === 'as-is' ? bare : bare.toLowerCase();
  return cased.split(/\s+/).filter(Boolean).join(' ');
}

async function readRecord(directory: string, name: string): Promise<Record<string, unknown>> {
  return z
    .record(z.string(), z.unknown())
    .parse(JSON.parse(await readFile(path.join(directory, name), 'utf8')));
}
