import { createRandom, type Random } from "@fedge/protocol";
import { normalQuantile } from "@fedge/protocol/drift";

const STEPS = 2 ** 16;

/**
 * Standard normal numbers in 65,536 equally likely steps, two of each draw of 32 bits: simulations of fleets take a thousand
 * million of them. Their variance is exactly 1.
 */
export class FastNormal {
  constructor(
    private readonly random: Random,
    private readonly table = normalTable(),
  ) {}

  /** Another stream over the same table. */
  seeded(seed: string): FastNormal {
    return new FastNormal(createRandom(seed), this.table);
  }

  /** As many as there is room for. */
  fill(draws: Float64Array): void {
    const { table, random } = this;
    for (let at = 0; at < draws.length; at += 2) {
      const bits = random.uint32();
      draws[at] = table[bits & (STEPS - 1)] as number;
      if (at + 1 < draws.length) draws[at + 1] = table[bits >>> 16] as number;
    }
  }

  /** So many draws in ascending order, between the steps too: exponential spacings give sorted uniform numbers without sorting. */
  sorted(numDraws: number): Float64Array {
    const places = new Float64Array(numDraws);
    let sum = 0;
    for (let at = 0; at <= numDraws; at += 1) {
      sum -= Math.log((this.random.uint32() + 0.5) / 2 ** 32);
      if (at < numDraws) places[at] = sum;
    }
    return places.map((place) => this.#between((place / sum) * STEPS - 0.5));
  }

  #between(place: number): number {
    const at = Math.min(STEPS - 2, Math.max(0, Math.floor(place)));
    const [low, high] = [this.table[at] as number, this.table[at + 1] as number];
    return low + (place - at) * (high - low);
  }
}

function normalTable(): Float64Array {
  const table = Float64Array.from({ length: STEPS / 2 }, (_, at) => normalQuantile((at + 0.5) / STEPS));
  const square = table.reduce((sum, value) => sum + value * value, 0) / table.length;
  const scale = 1 / Math.sqrt(square);
  const both = new Float64Array(STEPS);
  table.forEach((value, at) => {
    both[at] = value * scale;
    both[STEPS - 1 - at] = -value * scale;
  });
  return both;
}
