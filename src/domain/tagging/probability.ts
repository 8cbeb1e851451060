/** Numerics of scoring: everything in log space, so that a scale of 100 neither overflows nor rounds to zero. */

/** log(sum(exp(x))); -Infinity for an empty list. */
export function logSumExp(values: ArrayLike<number>): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) top = Math.max(top, values[index]!);
  if (top === Number.NEGATIVE_INFINITY) return top;
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += Math.exp(values[index]! - top);
  return top + Math.log(sum);
}

/** log(mean(exp(x))): pools several captions of one class without favouring the class that has more of them. */
export function logMeanExp(values: ArrayLike<number>): number {
  return logSumExp(values) - Math.log(values.length);
}

/** Log-probabilities of logits that compete with one another. */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  const row = new Float64Array(logits);
  const total = logSumExp(row);
  for (let index = 0; index < row.length; index++) row[index]! -= total;
  return row;
}

export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

/** A sum that does not depend on the order of its terms, to the last bit. Leaves the terms, which are few, sorted. */
function orderlessSum(terms: Float64Array): number {
  for (let index = 1; index < terms.length; index++) {
    const term = terms[index]!;
    let place = index;
    for (; place > 0 && terms[place - 1]! > term; place--) terms[place] = terms[place - 1]!;
    terms[place] = term;
  }
  let sum = 0;
  for (let index = 0; index < terms.length; index++) sum += terms[index]!;
  return sum;
}

/**
 * Weighted mean of log-probability rows, renormalised: how several pictures vote on one exclusive question
 * (the picture that shows more weighs more). Weights need not sum to 1; a duplicated picture changes nothing, nor does the order.
 */
export function poolLogRows(rows: readonly ArrayLike<number>[], weights: readonly number[]): Float64Array {
  const total = orderlessSum(Float64Array.from(weights));
  const mean = new Float64Array(rows[0]?.length ?? 0);
  const terms = new Float64Array(rows.length);
  for (let column = 0; column < mean.length; column++) {
    for (let row = 0; row < rows.length; row++) {
      terms[row] = (weights[row]! / total) * Math.max(rows[row]![column]!, -60);
    }
    mean[column] = orderlessSum(terms);
  }
  return logSoftmax(mean);
}
