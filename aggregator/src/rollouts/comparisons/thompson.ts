import type { Random } from "@fedge/protocol";

export interface ArmCounts {
  readonly successes: number;
  readonly failures: number;
}

const DRAWS = 2000;

/**
 * Each arm's share of the devices: how often it is the best of all in draws from the arms' posteriors, which are Beta with
 * a uniform prior (Thompson sampling on aggregated counts). No arm falls below `least`, so that each goes on being seen.
 */
export function thompsonShares(arms: readonly ArmCounts[], random: Random, least: number): readonly number[] {
  const wins = arms.map(() => 0);
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const rates = arms.map(({ successes, failures }) => betaDraw(successes + 1, failures + 1, random));
    const best = rates.indexOf(Math.max(...rates));
    wins[best] = (wins[best] ?? 0) + 1;
  }
  const free = 1 - least * arms.length;
  return wins.map((count) => least + (free * count) / DRAWS);
}

/** A Beta variate as the share of one Gamma in two. */
export function betaDraw(alpha: number, beta: number, random: Random): number {
  const one = gammaDraw(alpha, random);
  return one / (one + gammaDraw(beta, random));
}

/** Marsaglia and Tsang (2000); the shape is at least 1. */
function gammaDraw(shape: number, random: Random): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = normalDraw(random);
    const v = (1 + c * normal) ** 3;
    if (v <= 0) continue;
    const bound = 0.5 * normal * normal + d - d * v + d * Math.log(v);
    if (Math.log(1 - random.unit()) < bound) return d * v;
  }
}

/** Box and Muller. */
function normalDraw(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());
}
