export const DAY_MS = 86_400_000;

/** How long metadata of each role are valid; they are renewed after half of it. */
export interface Lifetimes {
  readonly rootMs: number;
  readonly targetsMs: number;
  readonly snapshotMs: number;
  readonly timestampMs: number;
}

export const DEFAULT_LIFETIMES: Lifetimes = {
  rootMs: 365 * DAY_MS,
  targetsMs: 90 * DAY_MS,
  snapshotMs: 7 * DAY_MS,
  timestampMs: DAY_MS,
};
