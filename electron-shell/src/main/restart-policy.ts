/** Deaths that count together. */
const WITHIN_MS = 60_000;
/** After so many of them nobody starts the process again by himself. */
const MAX_DEATHS = 5;
const FIRST_DELAY_MS = 250;

/**
 * What follows a death: how long to wait before the next start, or null when it would only die again.
 *
 * The wait doubles with each death of the last minute: 250, 500, 1,000, 2,000 milliseconds; the fifth is the last.
 * @param deathsAtMs times of the deaths so far, the last one included
 */
export function restartDelayMs(deathsAtMs: readonly number[], nowMs: number): number | null {
  const numRecent = deathsAtMs.filter((atMs) => nowMs - atMs < WITHIN_MS).length;
  return numRecent >= MAX_DEATHS ? null : FIRST_DELAY_MS * 2 ** Math.max(0, numRecent - 1);
}
