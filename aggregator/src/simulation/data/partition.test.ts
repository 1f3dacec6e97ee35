import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PARTITIONS, partitionExamples } from "./partition.js";

const labelsOf = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, index) => (index * 7) % 10);
const classesOf = (labels: Uint8Array, examples: Uint32Array): number =>
  new Set([...examples].map((example) => labels[example])).size;

describe("partitionExamples", () => {
  test("gives every example to exactly one device and no device none, whatever the labels", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PARTITIONS),
        fc.uint8Array({ min: 0, max: 9, minLength: 40, maxLength: 400 }),
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.string(),
        (kind, labels, numDevices, alpha, seed) => {
          const parts = partitionExamples(labels, { kind, numDevices, alpha, seed });

          const all = parts.flatMap((part) => [...part]).sort((a, b) => a - b);
          expect(all).toEqual(Array.from({ length: labels.length }, (_, index) => index));
          expect(parts).toHaveLength(numDevices);
          expect(parts.every((part) => part.length > 0)).toBe(true);
        },
      ),
    );
  });

  test.each(PARTITIONS)("%s depends on the seed and on nothing else", (kind) => {
    const labels = labelsOf(500);
    const part = (seed: string): number[][] =>
      partitionExamples(labels, { kind, numDevices: 10, alpha: 0.5, seed }).map((examples) => [...examples]);

    expect(part("a")).toEqual(part("a"));
    expect(part("a")).not.toEqual(part("b"));
  });

  test.each(["iid", "shards"] as const)("%s gives parts whose sizes differ by at most two", (kind) => {
    const parts = partitionExamples(labelsOf(1003), { kind, numDevices: 20, alpha: 1, seed: "s" });

    const sizes = parts.map((part) => part.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(2);
  });

  test("shards of balanced classes leave each device with at most two classes", () => {
    // 6,000 labels make 20 shards of 300: half a class each, so no shard crosses a class.
    const labels = labelsOf(6000);

    const parts = partitionExamples(labels, { kind: "shards", numDevices: 10, alpha: 1, seed: "s" });

    expect(parts.every((part) => part.length === 600 && classesOf(labels, part) <= 2)).toBe(true);
  });

  test("a small alpha gives devices fewer classes than a large one", () => {
    const labels = labelsOf(5000);
    const classes = (alpha: number): number =>
      partitionExamples(labels, { kind: "dirichlet", numDevices: 20, alpha, seed: "s" }).reduce(
        (sum, part) => sum + classesOf(labels, part),
        0,
      ) / 20;

    expect(classes(0.05)).toBeLessThan(5);
    expect(classes(100)).toBe(10);
  });

  test("refuses more devices than there are examples for", () => {
    expect(() =>
      partitionExamples(labelsOf(10), { kind: "shards", numDevices: 6, alpha: 1, seed: "s" }),
    ).toThrow(/10 examples cannot be divided among 6 devices by shards: at least 12/);
  });
});
