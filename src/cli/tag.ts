/** `tag`: photos from disk to a table of tags, or JSON lines, without a server. Exit code 1 if any photo failed. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Services } from '../application/tag-request.ts';
import { HangtagError } from '../domain/errors.ts';
import type { TagSet } from '../domain/tagging/types.ts';
import { tagTable } from './tag-table.ts';

export interface TagArguments {
  readonly files: readonly string[];
  readonly oneProduct: boolean;
  readonly category: string | null;
  readonly explain: boolean;
  readonly json: boolean;
}

/** The arguments, or one sentence about what is wrong with them. */
export function parseTagArguments(args: readonly string[]): TagArguments | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'one-product': { type: 'boolean', default: false },
        category: { type: 'string' },
        explain: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    if (positionals.length === 0) return 'Name at least one photo.';
    if (values['one-product'] && positionals.length > 8) return 'One product takes at most 8 photos.';
    const { category, explain, json } = values;
    return {
      files: positionals,
      oneProduct: values['one-product'],
      category: category ?? null,
      explain,
      json,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export async function tagFiles(
  services: Services,
  args: TagArguments,
  print: (line: string) => void,
  complain: (line: string) => void,
): Promise<number> {
  const products = args.oneProduct ? [args.files] : args.files.map((file) => [file]);
  let failed = 0;
  for (const files of products) {
    try {
      const tagSet = await tagOne(services, args, files);
      if (args.json) print(JSON.stringify({ files, ...tagSet }));
      else for (const line of tagTable(files, tagSet)) print(line);
      failed += tagSet.images.filter((image) => image.status === 'failed').length;
    } catch (error) {
      if (!(error instanceof HangtagError)) throw error;
      failed += files.length;
      if (args.json) print(JSON.stringify({ files, error: { code: error.code, detail: error.message } }));
      else complain(`${files.join(', ')}: ${error.message} (${error.code})`);
    }
  }
  return failed > 0 ? 1 : 0;
}

async function tagOne(services: Services, args: TagArguments, files: readonly string[]): Promise<TagSet> {
  const images = await Promise.all(
    files.map(async (file) => ({ content: await read(file), view: null, variant: null, ref: file })),
  );
  return services.tagProduct(
    {
      productId: path.basename(files[0]!),
      images,
      category: args.category,
      title: null,
      attributes: null,
      explain: args.explain,
      store: false,
    },
    new AbortController().signal,
  );
}

async function read(file: string): Promise<Uint8Array | HangtagError> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'There is no such file.' : `The file cannot be read (${code}).`;
    return new HangtagError('image.unreadable', why, { cause: error });
  }
}
