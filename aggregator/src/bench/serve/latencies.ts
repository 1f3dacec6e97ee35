/** How long calls took, in milliseconds. */
export interface Latencies {
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** Of sorted or unsorted times, the smallest that so many of all are no longer than (nearest rank). */
export function percentile(timesMs: readonly number[], fraction: number): number {
  const sorted = [...timesMs].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)] ?? Number.NaN;
}

export function latenciesOf(timesMs: readonly number[]): Latencies {
  return { medianMs: percentile(timesMs, 0.5), p99Ms: percentile(timesMs, 0.99) };
}

const WARM_UP = 200;
const BLOCK = 50;

/** Two kinds of calls, and what the second takes more than the first. */
export interface ComparedCalls {
  readonly sides: readonly [Latencies, Latencies];
  /** Median of the differences between each call and the one of the same place in the same turn; negative for less. */
  readonly addedMs: number;
  /** Difference of the means of the middle 98 % of both: with it what only some calls pay for the others. */
  readonly meanAddedMs: number;
}

/** The median of what `others` took more, pair by pair: what a machine's busy minutes do to both is in none of the differences. */
export function addedOf(ones: readonly number[], others: readonly number[]): number {
  return percentile(
    ones.map((time, at) => (others[at] as number) - time),
    0.5,
  );
}

/** Mean of what is left when one in a hundred is taken off at either end. */
export function middleMean(times: readonly number[]): number {
  const cut = Math.floor(times.length / 100);
  const middle = [...times].sort((a, b) => a - b).slice(cut, times.length - cut);
  return middle.reduce((sum, time) => sum + time, 0) / middle.length;
}

/** Calls in turns, so that other work on the machine meets both sides alike. */
export async function compareCalls(
  one: () => Promise<unknown>,
  other: () => Promise<unknown>,
  numCalls: number,
): Promise<ComparedCalls> {
  const times: readonly [number[], number[]] = [[], []];
  for (let call = 0; call < WARM_UP; call += 1) {
    await one();
    await other();
  }
  const sides = [one, other] as const;
  for (let turn = 0; times[0].length < numCalls; turn += 1) {
    // Whichever comes second finds warmer caches.
    for (const side of turn % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      for (let at = 0; at < BLOCK; at += 1) times[side].push(await timeOf(sides[side]));
    }
  }
  return {
    sides: [latenciesOf(times[0]), latenciesOf(times[1])],
    addedMs: addedOf(...times),
    meanAddedMs: middleMean(times[1]) - middleMean(times[0]),
  };
}

/** How requests come to an app: long enough that a training's start, when engines load, is what it is of a round. */
export const PACE = { durationMs: 20_000, pauseMs: 4 };
const BEGINNING_MS = 1000;

export interface PacedLatencies extends Latencies {
  /** Of the calls in the first second. */
  readonly beginning: Latencies;
}

/** Calls with pauses until the time is over. */
export async function pacedCalls(
  call: () => Promise<unknown>,
  of: { readonly durationMs: number; readonly pauseMs: number } = PACE,
): Promise<PacedLatencies> {
  const times: number[] = [];
  const beganAtMs = performance.now();
  let numBeginning = 0;
  while (performance.now() < beganAtMs + of.durationMs) {
    if (performance.now() < beganAtMs + BEGINNING_MS) numBeginning += 1;
    times.push(await timeOf(call));
    await new Promise<void>((resolve) => setTimeout(resolve, of.pauseMs));
  }
  return { ...latenciesOf(times), beginning: latenciesOf(times.slice(0, numBeginning)) };
}

async function timeOf(call: () => Promise<unknown>): Promise<number> {
  const beganAtMs = performance.now();
  await call();
  return performance.now() - beganAtMs;
}
