/** `model pull`: the files of a preset, checked against what they were the first time, and hangtag.json beside them. */
import { mkdir, rename, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type ModelPreset,
  type PresetVariant,
  presetFiles,
  presetVariants,
} from '../../domain/models/presets.ts';
import type { Screen } from '../import/progress.ts';
import { createTransferProgress, megabytes } from '../store/progress.ts';
import { ChangedFile, download, hashOf, sizeOf } from './download.ts';
import { createHub, type Hub, type HubAnswer, type HubOptions } from './hub.ts';
import { type LockedModel, readLock, writeLock } from './lock.ts';
import { readTrainedScale } from './trained-scale.ts';

export interface PullWish {
  readonly preset: ModelPreset;
  readonly variant: PresetVariant;
  /** Absolute. models.lock lies beside it, so that it stays where the folder is removed. */
  readonly to: string;
  readonly acceptLicense: boolean;
}

export interface PullAt {
  readonly hub: HubOptions;
  readonly screen: Screen;
  print(line: string): void;
  complain(line: string): void;
  readonly stallMs?: number;
}

/** Gives the exit code; throws a sentence where it cannot go on. */
export async function pullModel(
  { preset, variant, to, acceptLicense }: PullWish,
  at: PullAt,
): Promise<number> {
  const { print, complain } = at;
  print(`${preset.title}\n  from     ${preset.repository}\n  licence  ${preset.license}`);
  if (preset.restriction) print(`  note     ${preset.restriction}`);
  print(`  read at  ${preset.sources.join(', ')}`);
  if (!preset.commercialUse && !acceptLicense) {
    complain('Its licence restricts what you may do with it. To pull it all the same: --accept-license.');
    return 1;
  }
  const hub = createHub(at.hub);
  const lockFile = path.join(path.dirname(to), 'models.lock');
  const locked = (await readLock(lockFile))[preset.id];
  const graphs = ['vision', 'text'].map((tower) => `onnx/${tower}_model${presetVariants[variant]}.onnx`);
  const asked = { repository: preset.repository, revision: locked?.revision ?? preset.revision };
  const plan: { name: string; answer: HubAnswer; done: number }[] = [];
  let revision = asked.revision;
  for (const name of [...presetFiles, ...graphs]) {
    const answer = await hub.patiently(() => hub.head({ ...asked, revision, name }));
    // From the first answer on, one commit: a model is not put together from two.
    revision = answer.commit ?? revision;
    const whole = locked?.files[name] ? await sizeOf(path.join(to, name)) : 0;
    plan.push({ name, answer, done: whole || (await sizeOf(path.join(to, `${name}.part`))) });
  }
  const left = plan.reduce((sum, { answer, done }) => sum + Math.max(0, (answer.size ?? 0) - done), 0);
  await mkdir(to, { recursive: true });
  const { bavail, bsize } = await statfs(to);
  if (left > bavail * bsize) {
    complain(`${megabytes(left)} are needed at ${to}, and ${megabytes(bavail * bsize)} are free.`);
    return 1;
  }

  const progress = createTransferProgress(at.screen);
  const files: Record<string, LockedModel['files'][string]> = { ...locked?.files };
  let scale = locked?.scale;
  const record = async () =>
    writeLock(lockFile, {
      ...(await readLock(lockFile)),
      [preset.id]: { repository: preset.repository, revision, files, ...(scale ? { scale } : {}) },
    });
  await record();
  try {
    for (const { name, answer, done } of plan) {
      const known = files[name]?.sha256 ?? null;
      if (known !== null && answer.sha256 !== null && answer.sha256 !== known)
        throw new ChangedFile(name, known, answer.sha256);
      const file = path.join(to, name);
      if (known !== null && (await sizeOf(file)) > 0) {
        const got = await hashOf(file);
        if (got !== known) throw new ChangedFile(file, known, got);
        continue;
      }
      progress.begin(name, 'bytes', answer.size ?? 0, done);
      files[name] = await download(
        { ...asked, revision, name },
        {
          hub,
          to: file,
          expected: known ?? answer.sha256,
          size: answer.size,
          advance: progress.advance,
          ...(at.stallMs ? { stallMs: at.stallMs } : {}),
        },
      );
      await record();
      progress.end();
    }
    scale ??= await readScale(hub, preset);
    await record();
    await writeFacts(preset, to, revision, scale);
  } finally {
    progress.end();
  }
  print(`${preset.id} is in ${to}, as ${revision}; its sha256s are in ${lockFile}.`);
  return 0;
}

async function readScale(hub: Hub, { scale: told }: ModelPreset): Promise<NonNullable<LockedModel['scale']>> {
  if (typeof told === 'number')
    return { logit_scale: told, logit_bias: null, source: 'the value that CLIP trains to' };
  const file = { repository: told.repository, revision: 'main', name: told.file };
  const { scale, bias, commit } = await readTrainedScale(hub, file);
  const source = `logit_scale of ${told.repository}/${told.file} at ${commit ?? 'main'}`;
  return { logit_scale: scale, logit_bias: bias, source };
}

/** hangtag.json: what neither graph nor config has. */
async function writeFacts(
  preset: ModelPreset,
  to: string,
  revision: string,
  { source, ...scale }: NonNullable<LockedModel['scale']>,
): Promise<void> {
  const facts = {
    id: preset.id,
    family: preset.family,
    ...scale,
    license: preset.license,
    commercial_use: preset.commercialUse,
    source: `${preset.repository} at ${revision}; scale: ${source}`,
  };
  const file = path.join(to, 'hangtag.json');
  await writeFile(`${file}.new`, `${JSON.stringify(facts, null, 2)}\n`);
  await rename(`${file}.new`, file);
}
