/**
 * Text vectors to the rows that pictures are compared with. All captions of a value in all templates are averaged to
 * one unit vector (the ensembling of Radford et al. 2021, section 3.1.4); captions of nothing stay rows of their own
 * and are pooled when they are scored.
 */
import type { CaptionGroup } from '../taxonomy/caption-plan.ts';
import type { BankGroup, VectorRows } from './bank.ts';

/** The unit vectors of a caption, one for each template. */
export type VectorsOf = (caption: string) => readonly Float32Array[];

export function compileGroup(
  { values, nulls, neutrals }: CaptionGroup,
  vectorsOf: VectorsOf,
  dim: number,
): BankGroup {
  const alone = (captions: readonly string[]) =>
    rowsOf(
      captions.map((caption) => ({ id: caption, vector: mean(vectorsOf(caption), dim) })),
      dim,
    );
  return {
    values: rowsOf(
      values.map(({ id, captions }) => ({ id, vector: mean(captions.flatMap(vectorsOf), dim) })),
      dim,
    ),
    nulls: alone(nulls),
    neutrals: alone(neutrals),
  };
}

/** The unit vector in the middle. Throws RangeError where there are none, or where they cancel out. */
function mean(vectors: readonly Float32Array[], dim: number): Float32Array {
  const sum = new Float64Array(dim);
  for (const vector of vectors) {
    if (vector.length !== dim)
      throw new RangeError(`a text vector of ${vector.length} numbers in a bank of ${dim}`);
    for (let i = 0; i < dim; i++) sum[i]! += vector[i]!;
  }
  const length = Math.hypot(...sum);
  if (!(length > 1e-6)) throw new RangeError('captions whose vectors have no direction in common');
  return Float32Array.from(sum, (value) => value / length);
}

function rowsOf(
  rows: readonly { readonly id: string; readonly vector: Float32Array }[],
  dim: number,
): VectorRows {
  const data = new Float32Array(rows.length * dim);
  rows.forEach(({ vector }, index) => {
    data.set(vector, index * dim);
  });
  return { ids: rows.map(({ id }) => id), data };
}
