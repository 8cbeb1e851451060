/** Numerics of scoring: everything in log space, so that a scale of 100 neither overflows nor rounds to zero. */

/** log(sum(exp(x))); -Infinity for an empty list. */
export function logSumExp(values: readonly number[]): number {
  let top = Number.NEGATIVE_INFINITY;
  for (const value of values) top = Math.max(top, value);
  if (top === Number.NEGATIVE_INFINITY) return top;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - top);
  return top + Math.log(sum);
}

/** log(mean(exp(x))): pools several captions of one class without favouring the class that has more of them. */
export function logMeanExp(values: readonly number[]): number {
  return logSumExp(values) - Math.log(values.length);
}

/** Log-probabilities of logits that compete with one another. */
export function logSoftmax(logits: readonly number[]): number[] {
  const total = logSumExp(logits);
  return logits.map((logit) => logit - total);
}

export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

/** A sum that does not depend on the order of its terms, to the last bit. */
function orderlessSum(terms: readonly number[]): number {
  return [...terms].sort((a, b) => a - b).reduce((sum, term) => sum + term, 0);
}

/**
 * Weighted mean of log-probability rows, renormalised: how several pictures vote on one exclusive question
 * (the picture that shows more weighs more). Weights need not sum to 1; a duplicated picture changes nothing, nor does the order.
 */
export function poolLogRows(rows: readonly (readonly number[])[], weights: readonly number[]): number[] {
  const width = rows[0]?.length ?? 0;
  const total = orderlessSum(weights);
  const mean = Array.from({ length: width }, (_, column) =>
    orderlessSum(rows.map((row, index) => ((weights[index] ?? 0) / total) * Math.max(row[column] ?? 0, -60))),
  );
  return logSoftmax(mean);
}
