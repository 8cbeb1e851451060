/**
 * What a checkpoint is, from config.json, tokenizer_config.json and hangtag.json.
 *
 * The trained scale of the scores is in neither tower's graph, and config.json has only the value that training began
 * with. So it comes from hangtag.json, which `model pull` and `model export` write. Without that: CLIP's training holds
 * its scale below 100, and its published checkpoints stand there; a SigLIP without it is refused, because every one
 * learned its own.
 */
import path from 'node:path';
import { z } from 'zod';
import { readJson } from './model-folder.ts';
import { type Preprocessing, preprocessingOf, preprocessorConfig } from './preprocessing.ts';
import type { TextRule } from './tokenizer.ts';

export const hangtagJson = z.looseObject({
  /** The model's name, by which calibrations are found. */
  id: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,79}$/),
  family: z.enum(['clip', 'siglip']).optional(),
  /** Multiplies a cosine: exp of what the checkpoint calls logit_scale. */
  logit_scale: z.number().positive().max(1000).nullish(),
  logit_bias: z.number().nullish(),
  license: z.string().nullish(),
  source: z.string().optional(),
});

const configJson = z.looseObject({
  model_type: z.string(),
  _name_or_path: z.string().optional(),
  text_config: z.looseObject({ max_position_embeddings: z.int().positive().optional() }).nullish(),
});

export interface ModelFacts {
  readonly id: string;
  readonly family: 'clip' | 'siglip';
  readonly scale: number;
  readonly license: string;
  readonly contextLength: number;
  readonly rule: TextRule;
  readonly preprocessing: Preprocessing;
}

/** CLIP clips its learned scale at 100 while it trains. */
const clipScale = 100;
/** What transformers takes where config.json leaves it out. */
const usualContext = { clip: 77, siglip: 64 } as const;

export async function readModelFacts(directory: string): Promise<ModelFacts> {
  const config = await required(directory, 'config.json', configJson);
  const ours = await readJson(directory, 'hangtag.json', hangtagJson);
  const family = config.model_type;
  if (family !== 'clip' && family !== 'siglip')
    throw new Error(
      `${path.join(directory, 'config.json')}: model_type ${family} is not served, only clip and siglip.`,
    );
  if (ours?.family && ours.family !== family)
    throw new Error(
      `${path.join(directory, 'hangtag.json')} says ${ours.family}, config.json says ${family}.`,
    );
  const scale = ours?.logit_scale ?? (family === 'clip' ? clipScale : null);
  if (scale === null)
    throw new Error(
      `${path.join(directory, 'hangtag.json')} must give logit_scale: every SigLIP learned its own, and no graph holds it. "model pull" and "model export" write it.`,
    );
  return {
    id: ours?.id ?? nameOf(config._name_or_path, directory),
    family,
    scale,
    license: ours?.license ?? 'not stated; see the checkpoint',
    contextLength: config.text_config?.max_position_embeddings ?? usualContext[family],
    rule: family === 'clip' ? 'as-is' : (await isGemma(directory)) ? 'lower' : 'canonical',
    preprocessing: await readPreprocessing(directory),
  };
}

async function readPreprocessing(directory: string): Promise<Preprocessing> {
  const name = 'preprocessor_config.json';
  const config = await required(directory, name, preprocessorConfig);
  try {
    return preprocessingOf(config);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${path.join(directory, name)}: ${reason}`, { cause });
  }
}

/** SigLIP 2 reads with Gemma's tokenizer, and was trained with punctuation. */
async function isGemma(directory: string): Promise<boolean> {
  const schema = z.looseObject({ tokenizer_class: z.string().nullish() });
  const { tokenizer_class: name } = await required(directory, 'tokenizer_config.json', schema);
  return /^(Gemma|Siglip2)/.test(name ?? '');
}

async function required<T>(directory: string, name: string, schema: z.ZodType<T>): Promise<T> {
  const found = await readJson(directory, name, schema);
  if (found === null) throw new Error(`${directory} lacks ${name}.`);
  return found;
}

function nameOf(told: string | undefined, directory: string): string {
  const name = path.basename(told || path.resolve(directory)).toLowerCase();
  return name.replace(/[^a-z0-9.-]+/g, '-').replace(/^[.-]+|[.-]+$/g, '') || 'clip';
}
