/**
 * A folder with a public ONNX export: which of its files are meant, and their content. Two layouts are known: graphs in
 * onnx/ with the rest beside it, or all in one folder. What is missing or does not fit is said with the file's name.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** Endings of a graph's name: full precision, half, and whole numbers. */
export const variantEndings = { fp32: '', fp16: '_fp16', quantized: '_quantized' } as const;
export type Variant = keyof typeof variantEndings;

export interface ModelFolder {
  readonly directory: string;
  /** Absolute. */
  readonly vision: string;
  readonly text: string;
  /** Everything that decides a vector, by the name it has in the folder: graphs, their outside weights, tokenizer. */
  readonly deciding: readonly string[];
}

/** `variant`: null takes the first that is there for both towers, in the order fp32, fp16, quantized. */
export async function findModelFiles(directory: string, variant: Variant | null): Promise<ModelFolder> {
  const inside = await list(directory, '');
  if (inside.length === 0) throw new Error(`${directory}: no such folder, or nothing in it`);
  const names = [...inside, ...(await list(directory, 'onnx'))];
  const places = names.some((name) => /^onnx\/(vision|text)_model/.test(name)) ? 'onnx/' : '';
  const tries = variant ? [variant] : (Object.keys(variantEndings) as Variant[]);
  const graph = (tower: 'vision' | 'text', of: Variant) =>
    `${places}${tower}_model${variantEndings[of]}.onnx`;
  const both = tries.find((of) => names.includes(graph('vision', of)) && names.includes(graph('text', of)));
  if (!both) {
    const wanted = tries.map((of) => `${graph('vision', of)} and ${graph('text', of)}`).join(', or ');
    const whole = names.filter((name) => /(^|\/)model[\w.]*\.onnx$/.test(name));
    const why =
      whole.length > 0
        ? ` ${whole[0]} holds both towers in one graph, which cannot encode texts alone: export the checkpoint with "model export".`
        : '';
    throw new Error(`${directory} lacks ${wanted}.${why}`);
  }
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'config.json'])
    if (!names.includes(name)) throw new Error(`${directory} lacks ${name}.`);
  const [vision, text] = [graph('vision', both), graph('text', both)];
  // Weights of more than 2 GB lie outside their graph, under its name with an ending: .onnx_data, .onnx.data, .onnx_data_1.
  const outside = names.filter((name) => [vision, text].some((own) => /^[._]data/.test(tail(name, own))));
  return {
    directory,
    vision: path.join(directory, vision),
    text: path.join(directory, text),
    deciding: [vision, text, ...outside, 'tokenizer.json', 'tokenizer_config.json'].sort(),
  };
}

const tail = (name: string, start: string) => (name.startsWith(start) ? name.slice(start.length) : '');

async function list(directory: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(path.join(directory, folder), { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => (folder ? `${folder}/${name}` : name));
}

/** sha256 over the files and `facts`, read in pieces: a graph may have gigabytes. First 12 hex digits. */
export async function fingerprintOf({ directory, deciding }: ModelFolder, facts: object): Promise<string> {
  const all = createHash('sha256');
  for (const name of deciding) {
    const one = createHash('sha256');
    for await (const piece of createReadStream(path.join(directory, name), { highWaterMark: 2 ** 20 }))
      one.update(piece as Buffer);
    all.update(`${name}\0`).update(one.digest());
  }
  return all.update(JSON.stringify(facts)).digest('hex').slice(0, 12);
}

/** A JSON file by its schema; null where it is not there. Throws with its name and what is wrong. */
export async function readJson<T>(directory: string, name: string, schema: z.ZodType<T>): Promise<T | null> {
  let text: string;
  try {
    text = await readFile(path.join(directory, name), 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(`${path.join(directory, name)} cannot be read.`, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path.join(directory, name)} is no JSON.`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`${path.join(directory, name)}: ${z.prettifyError(parsed.error)}`);
}
