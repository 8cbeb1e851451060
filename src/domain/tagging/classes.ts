/** Classes that compete for a picture, each behind one or more rows of a bank. */
import type { BankGroup } from './bank.ts';
import type { PictureLogits, Rows } from './picture-logits.ts';
import { logMeanExp, logSoftmax, logSumExp, poolLogRows } from './probability.ts';

export interface Classes {
  readonly size: number;
  /** The rows of each class; one without rows has a logit of -Infinity. */
  readonly rowsOf: readonly Int32Array[];
  readonly values: Rows;
  readonly nulls: Rows;
  readonly neutrals: Rows;
}

/** `ids`: the classes, in their order. Rows of other ids are left aside. */
export function classesOf(logits: PictureLogits, group: BankGroup, ids: readonly string[]): Classes {
  const rows = new Map<string, number[]>(ids.map((id) => [id, []]));
  for (const [row, id] of group.values.ids.entries()) rows.get(id)?.push(row);
  return {
    size: ids.length,
    rowsOf: ids.map((id) => Int32Array.from(rows.get(id)!)),
    values: logits.rows(group.values),
    nulls: logits.rows(group.nulls),
    neutrals: logits.rows(group.neutrals),
  };
}

/** The logits of all classes into `out`, from its beginning: rows of one class add up, as probabilities do. */
export function readClasses({ values, rowsOf }: Classes, picture: number, out: Float64Array): void {
  const logits = values.logits(picture);
  for (let index = 0; index < rowsOf.length; index++) {
    const rows = rowsOf[index]!;
    out[index] = rows.length === 1 ? logits[rows[0]!]! : logSumExp(Array.from(rows, (row) => logits[row]!));
  }
}

/** One logit for a class that has several captions, or null where it has none. */
export function pooledLogit(rows: Rows, picture: number): number | null {
  return rows.count === 0 ? null : logMeanExp(rows.logits(picture));
}

export interface Competition {
  /** Probability of each class, then that of the pooled null class; they sum to 1. */
  readonly confidence: Float64Array;
  readonly none: number;
  /** The class that each picture is surer of than of all the others together; -1 where there is none. */
  readonly favourites: readonly number[];
}

/** Classes and nulls compete in one softmax; pictures vote by the weighted mean of their log-probabilities. */
export function compete(
  classes: Classes,
  pictures: readonly number[],
  weights: readonly number[],
  temperature: number,
): Competition {
  const { size, nulls } = classes;
  const rows = pictures.map((picture) => {
    const row = new Float64Array(size + 1);
    readClasses(classes, picture, row);
    row[size] = pooledLogit(nulls, picture) ?? Number.NEGATIVE_INFINITY;
    for (let index = 0; index <= size; index++) row[index]! /= temperature;
    return logSoftmax(row);
  });
  const pooled = rows.length === 1 ? rows[0]! : poolLogRows(rows, weights);
  const favourites = rows.map((row) => favourite(row, size));
  const confidence = new Float64Array(size + 1);
  for (let index = 0; index <= size; index++) confidence[index] = Math.exp(pooled[index]!);
  return { confidence, none: confidence[size]!, favourites };
}

/** log(1/2): more likely than all its rivals together. */
const sureOfItself = Math.log(0.5);

function favourite(row: Float64Array, size: number): number {
  for (let index = 0; index < size; index++) if (row[index]! > sureOfItself) return index;
  return -1;
}
