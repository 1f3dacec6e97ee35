import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createRandom, hash32, shuffled } from "./random.js";

interface Reference {
  readonly seed: string;
  readonly hash32: number;
  readonly uint32: readonly number[];
  readonly fork: readonly number[];
  readonly shuffled: readonly number[];
}
/** Streams of `fixtures/reference_random.py`. */
const REFERENCES = JSON.parse(
  readFileSync(new URL("../fixtures/golden/random.json", import.meta.url), "utf8"),
) as readonly Reference[];

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

/** Pearson's statistic of counts that are all expected to be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe.each(REFERENCES)('the stream of "$seed"', (reference) => {
  test("is that of an independent sfc32", () => {
    const random = createRandom(reference.seed);

    expect(reference.uint32.map(() => random.uint32())).toEqual(reference.uint32);
  });

  test("forks as the reference does", () => {
    const fork = createRandom(reference.seed).fork("rounding");

    expect(reference.fork.map(() => fork.uint32())).toEqual(reference.fork);
  });

  test("shuffles as the reference does", () => {
    expect(shuffled(upTo(12), createRandom(reference.seed))).toEqual(reference.shuffled);
  });

  test("has the reference's hash of its seed", () => {
    expect(hash32(reference.seed)).toBe(reference.hash32);
  });
});

describe("independence", () => {
  test("a draw does not shift a fork that is made later", () => {
    const [drawn, fresh] = [createRandom("seed"), createRandom("seed")];

    drawn.uint32();

    expect(drawn.fork("a").uint32()).toBe(fresh.fork("a").uint32());
  });

  test("forks of different labels differ", () => {
    const random = createRandom("seed");

    const first = upTo(1000).map((label) => random.fork(`device-${label}`).uint32());

    // Of 1,000 draws from 2^32, two collide with a probability of one in ten thousand.
    expect(new Set(first).size).toBe(1000);
  });
});

describe("uniformity", () => {
  test("units fill sixteen bins evenly and stay in [0, 1)", () => {
    const random = createRandom("uniform");
    const counts = new Array<number>(16).fill(0);
    for (let draw = 0; draw < 160_000; draw += 1) {
      const bin = Math.floor(random.unit() * 16);
      counts[bin] = (counts[bin] as number) + 1;
    }

    expect(counts).toHaveLength(16);
    // 15 degrees of freedom: 37.7 is exceeded with probability 0.001.
    expect(chiSquare(counts)).toBeLessThan(37.7);
  });

  test("every bit is set half of the time", () => {
    const random = createRandom("bits");
    const ones = new Array<number>(32).fill(0);
    for (let draw = 0; draw < 10_000; draw += 1) {
      const bits = random.uint32();
      ones.forEach((count, bit) => (ones[bit] = count + ((bits >>> bit) & 1)));
    }

    // Standard deviation 50; the largest of 32 exceeds five of them once in 50,000 seeds.
    expect(Math.max(...ones.map((count) => Math.abs(count - 5000)))).toBeLessThan(250);
  });

  test("integers below a bound cover it evenly", () => {
    const random = createRandom("below");
    const counts = new Array<number>(7).fill(0);
    for (let draw = 0; draw < 70_000; draw += 1) {
      const value = random.below(7);
      counts[value] = (counts[value] as number) + 1;
    }

    expect(counts).toHaveLength(7);
    // 6 degrees of freedom: 22.5 is exceeded with probability 0.001.
    expect(chiSquare(counts)).toBeLessThan(22.5);
  });

  test("the first draws of numbered seeds are uniform", () => {
    const counts = new Array<number>(16).fill(0);
    for (const label of upTo(16_000)) {
      const bin = createRandom(`device-${label}`).below(16);
      counts[bin] = (counts[bin] as number) + 1;
    }

    expect(chiSquare(counts)).toBeLessThan(37.7);
  });

  test("shuffles of three items give each of the six orders evenly", () => {
    const random = createRandom("orders");
    const counts = new Map<string, number>();
    for (let draw = 0; draw < 60_000; draw += 1) {
      const order = shuffled(["a", "b", "c"], random).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }

    expect(counts.size).toBe(6);
    // 5 degrees of freedom: 20.5 is exceeded with probability 0.001.
    expect(chiSquare([...counts.values()])).toBeLessThan(20.5);
  });
});

test("shuffling leaves the given list as it was", () => {
  const items = Object.freeze(upTo(5));

  expect(shuffled(items, createRandom("kept")).sort()).toEqual([0, 1, 2, 3, 4]);
});

test("below 1 is always 0", () => {
  const random = createRandom("one");

  expect(upTo(100).map(() => random.below(1))).toEqual(new Array(100).fill(0));
});
