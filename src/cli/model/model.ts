/** `model pull`, `model export`, `model list` and `model check` as typed, and what runs them. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type CheckedModel, checkModel } from '../../application/check-model.ts';
import {
  type ModelPreset,
  modelPresets,
  type PresetVariant,
  presetVariants,
} from '../../domain/models/presets.ts';
import type { Screen } from '../import/progress.ts';
import { pullModel } from './pull.ts';

export type ModelArguments =
  | {
      readonly verb: 'pull';
      readonly preset: ModelPreset;
      readonly variant: PresetVariant;
      readonly to: string | null;
      readonly acceptLicense: boolean;
    }
  | {
      readonly verb: 'export';
      readonly checkpoint: string;
      readonly to: string;
      readonly revision: string | null;
      readonly license: string | null;
      readonly python: string;
    }
  | { readonly verb: 'list' }
  | { readonly verb: 'check'; readonly fingerprint: string | null };

/** What is meant by everything after `model`, or what is wrong with it in one sentence. */
export function parseModelArguments([verb, ...args]: readonly string[]): ModelArguments | string {
  try {
    if (verb === 'list' && args.length === 0) return { verb };
    if (verb === 'pull') return parsePull(args);
    if (verb === 'export') return parseExport(args);
    if (verb === 'check') return parseCheck(args);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'After "model" comes pull <preset>, export <checkpoint> --to <folder>, list, or check.';
}

function parsePull(args: string[]): ModelArguments | string {
  const options = {
    to: { type: 'string' },
    variant: { type: 'string', default: 'fp32' },
    'accept-license': { type: 'boolean', default: false },
  } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const preset = modelPresets.find(({ id }) => id === positionals[0]);
  const ids = modelPresets.map(({ id }) => id).join(', ');
  if (!preset || positionals.length !== 1) return `One of these is pulled: ${ids}.`;
  const variant = (Object.keys(presetVariants) as PresetVariant[]).find((name) => name === values.variant);
  if (!variant) return `--variant is one of ${Object.keys(presetVariants).join(', ')}.`;
  const to = values.to ? path.resolve(values.to) : null;
  return { verb: 'pull', preset, variant, to, acceptLicense: values['accept-license'] };
}

function parseExport(args: string[]): ModelArguments | string {
  const options = {
    to: { type: 'string' },
    revision: { type: 'string' },
    license: { type: 'string' },
    python: { type: 'string', default: 'python3' },
  } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const [checkpoint, ...more] = positionals;
  if (!checkpoint || more.length > 0)
    return 'One checkpoint is exported: a folder, or <owner>/<name> at the hub.';
  if (!values.to) return '--to takes the folder to write.';
  return {
    verb: 'export',
    checkpoint: existsSync(checkpoint) ? path.resolve(checkpoint) : checkpoint,
    to: path.resolve(values.to),
    revision: values.revision ?? null,
    license: values.license ?? null,
    python: values.python,
  };
}

function parseCheck(args: string[]): ModelArguments | string {
  const { values } = parseArgs({ args, options: { fingerprint: { type: 'string' } } });
  const fingerprint = values.fingerprint ?? null;
  if (fingerprint !== null && !/^[0-9a-f]{12}$/.test(fingerprint))
    return '--fingerprint takes 12 hexadecimal digits, as GET /model shows them.';
  return { verb: 'check', fingerprint };
}

export interface ModelProcess {
  /** The folder that holds deploy/. */
  readonly root: string;
  /** Where models go unless told. */
  readonly modelsDir: string;
  /** What the settings name, in a sentence, and how it is opened. */
  readonly configured: string;
  open(): Promise<CheckedModel & { close(): Promise<void> }>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stop: AbortSignal;
  readonly screen: Screen;
  print(line: string): void;
  complain(line: string): void;
}

export async function runModel(args: ModelArguments, at: ModelProcess): Promise<number> {
  if (args.verb === 'list') return listModels(at);
  if (args.verb === 'export') return exportModel(args, at);
  if (args.verb === 'check') return showCheck(args.fingerprint, at);
  const endpoint = at.environment.HF_ENDPOINT?.trim() || 'https://huggingface.co';
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    at.complain('HF_ENDPOINT is no http address.');
    return 2;
  }
  const hub = { endpoint, token: at.environment.HF_TOKEN?.trim() || null, stop: at.stop };
  return pullModel({ ...args, to: args.to ?? path.join(at.modelsDir, args.preset.id) }, { ...at, hub });
}

/** Exit code 1 where anything is not as it should be. Rejects where the model cannot be opened or asked. */
async function showCheck(
  fingerprint: string | null,
  { configured, open, print }: ModelProcess,
): Promise<number> {
  print(configured);
  const model = await open();
  try {
    const { id, license, dim, input, refuses } = model.card;
    print(`${id}@${model.card.fingerprint}, ${dim} numbers, pictures of ${input.size} pixels (${input.fit})`);
    print(`licence: ${license}`);
    for (const sentence of refuses) print(`refuses: ${sentence}`);
    const findings = await checkModel(model, fingerprint);
    for (const { name, detail, well } of findings) print(`${well ? 'well ' : 'WRONG'}  ${name}: ${detail}`);
    if (model.clip === null) print('It brings its own vectors: there are no texts to compare pictures with.');
    return findings.every(({ well }) => well) ? 0 : 1;
  } finally {
    await model.close();
  }
}

function listModels({ modelsDir, configured, print }: ModelProcess): number {
  print(`${configured}\n`);
  for (const { id, title, license, commercialUse } of modelPresets) {
    const here = existsSync(path.join(modelsDir, id, 'hangtag.json'));
    print(`${id}${here ? `  (in ${path.join(modelsDir, id)})` : ''}\n    ${title}`);
    print(`    ${license}; business use: ${commercialUse ? 'yes' : 'no'}`);
  }
  return 0;
}

/** The work is done by Python, where the checkpoint's library is: deploy/export/requirements.txt. */
async function exportModel(
  { checkpoint, to, revision, license, python }: Extract<ModelArguments, { verb: 'export' }>,
  { root, stop, complain }: ModelProcess,
): Promise<number> {
  const script = path.join(root, 'deploy', 'export', 'export.py');
  if (!existsSync(script)) {
    complain(`${script} is not here: an image without the source tree cannot export.`);
    return 1;
  }
  const more = [...(revision ? ['--revision', revision] : []), ...(license ? ['--license', license] : [])];
  const child = spawn(python, [script, checkpoint, to, ...more], { stdio: 'inherit', signal: stop });
  return new Promise((resolve) => {
    child.on('error', (error) => {
      if (stop.aborted) return resolve(130);
      complain(`${python} cannot be started (${error.message}). Name another with --python.`);
      resolve(1);
    });
    child.on('exit', (code) => {
      if (code !== 0)
        complain(`The export failed. It needs: ${python} -m pip install -r deploy/export/requirements.txt`);
      resolve(code ?? 1);
    });
  });
}
