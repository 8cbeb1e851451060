/** When an event that could not be delivered is sent again. */

/** Seconds before each attempt: eight, over about a day. */
export const deliveryWaits: readonly number[] = [0, 5, 300, 1_800, 7_200, 14_400, 25_200, 36_000];

/** Seconds: a receiver may ask for so much, and no more. */
export const longestRetryAfter = 3_600;

/** By how much a wait may be shorter or longer, so that many deliveries do not come back together. */
const spread = 0.1;

/**
 * Seconds until the next attempt after `attempts` that failed; null when they are used up. `retryAfter`: what the receiver asked for,
 * seconds. `chance`: 0 to 1.
 */
export function nextWait(
  attempts: number,
  retryAfter: number | null,
  chance: number,
  waits: readonly number[] = deliveryWaits,
): number | null {
  const wait = waits[attempts];
  if (wait === undefined) return null;
  const spaced = wait * (1 - spread + 2 * spread * chance);
  return Math.max(spaced, Math.min(retryAfter ?? 0, longestRetryAfter));
}

/** Failures in a row after which a receiver as a whole is given a rest. */
const patience = 3;

/** Seconds for which nothing is sent to a receiver that failed so often in a row: what waits for it would only fail as well. */
export function restAfter(failures: number): number {
  return failures < patience ? 0 : Math.min(2 ** (failures - patience), 60);
}
