/**
 * The trained scale of a checkpoint's scores, read out of its weights without downloading them: a safetensors file
 * begins with a table of where each tensor lies, and this one is a single number.
 */
import type { Hub, HubFile } from './hub.ts';

export interface TrainedScale {
  /** Multiplies a cosine: exp of the tensor `logit_scale`. */
  readonly scale: number;
  readonly bias: number | null;
  readonly commit: string | null;
}

/** Bytes that the table may have: 100 times what these checkpoints need. */
const maxTable = 16 * 2 ** 20;

export async function readTrainedScale(hub: Hub, file: HubFile): Promise<TrainedScale> {
  const read = (from: number, length: number) =>
    hub.patiently(async () => {
      const { response, commit } = await hub.get(file, { from, to: from + length - 1 });
      if (response.status !== 206) {
        await response.body?.cancel();
        throw new Error(`${file.repository}/${file.name} cannot be read in parts (${response.status}).`);
      }
      const bytes = Buffer.from(await response.arrayBuffer());
      if (bytes.length !== length) throw unusable(file, 'broke off');
      return { bytes, commit };
    });
  const { bytes: start, commit } = await read(0, 8);
  const length = Number(start.readBigUInt64LE());
  if (length < 2 || length > maxTable) throw unusable(file, 'is no safetensors file');
  const table = parse(file, (await read(8, length)).bytes.toString('utf8'));
  const number = async (wanted: RegExp) => {
    const name = Object.keys(table).find((key) => wanted.test(key));
    const entry =
      name === undefined ? undefined : (table[name] as { dtype?: string; data_offsets?: number[] });
    if (!entry?.data_offsets) return null;
    const [from = 0, to = 0] = entry.data_offsets;
    const { bytes } = await read(8 + length + from, Math.max(1, to - from));
    if (entry.dtype === 'F32' && bytes.length === 4) return bytes.readFloatLE();
    if (entry.dtype === 'F64' && bytes.length === 8) return bytes.readDoubleLE();
    // The upper half of a float.
    if (entry.dtype === 'BF16' && bytes.length === 2)
      return Buffer.concat([Buffer.alloc(2), bytes]).readFloatLE();
    throw unusable(file, `has ${name} as ${entry.dtype}, which is not read`);
  };
  const logarithm = await number(/(^|\.)logit_scale$/);
  if (logarithm === null) throw unusable(file, 'has no logit_scale');
  const scale = Math.exp(logarithm);
  if (!(scale > 0 && scale <= 1000)) throw unusable(file, `has a logit_scale of ${logarithm}`);
  return { scale, bias: await number(/(^|\.)logit_bias$/), commit };
}

function parse(file: HubFile, text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw unusable(file, 'is no safetensors file');
  }
}

function unusable(file: HubFile, why: string): Error {
  return new Error(`${file.repository}/${file.name} ${why}.`);
}
