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
  while (times[0].length < numCalls) {
    for (const [side, call] of [one, other].entries()) {
      for (let at = 0; at < BLOCK; at += 1) times[side]?.push(await timeOf(call));
    }
  }
  return [latenciesOf(times[0]), latenciesOf(times[1])];
}

/** Calls with pauses, as requests come to an app, until the time is over. */
export async function pacedCalls(
  call: () => Promise<unknown>,
  of: { readonly durationMs: number; readonly pauseMs: number },
): Promise<Latencies> {
  const times: number[] = [];
  const untilMs = performance.now() + of.durationMs;
  while (performance.now() < untilMs) {
    times.push(await timeOf(call));
    await new Promise<void>((resolve) => setTimeout(resolve, of.pauseMs));
  }
  return latenciesOf(times);
}

async function timeOf(call: () => Promise<unknown>): Promise<number> {
  const beganAtMs = performance.now();
  await call();
  return performance.now() - beganAtMs;
}
