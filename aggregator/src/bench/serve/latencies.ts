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

/** Calls in turns, so that other work on the machine meets both sides alike. */
export async function compareCalls(
  one: () => Promise<unknown>,
  other: () => Promise<unknown>,
  numCalls: number,
): Promise<readonly [Latencies, Latencies]> {
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
  return [latenciesOf(times[0]), latenciesOf(times[1])];
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
