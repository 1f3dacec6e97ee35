import type { Random } from "@fedge/protocol";

const BASE_MS = 500;
const CAP_MS = 60_000;

/**
 * How long to wait before attempt `attempt` (1, 2, …): uniform in [0, min(cap, base * 2^(attempt - 1))], so that a
 * fleet that lost its broker does not come back at once ("full jitter", Brooker 2015).
 */
export function fullJitterMs(attempt: number, random: Random): number {
  const limitMs = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt - 1, 30));
  return random.unit() * limitMs;
}
