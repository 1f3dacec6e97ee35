/** More threads than this wait for each other more than they compute, for models of a device's size. */
const MAX_THREADS = 4;

/**
 * How many threads an engine may use: half of the machine's where the page is isolated from other origins, which shared
 * memory needs, and one otherwise.
 */
export function threadCount(isIsolated: boolean, hardwareConcurrency: number): number {
  if (!isIsolated) return 1;
  return Math.max(1, Math.min(MAX_THREADS, Math.floor(hardwareConcurrency / 2)));
}
