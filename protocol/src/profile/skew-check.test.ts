import { expect, test } from "vitest";
import type { NamedTensor } from "../codec/safetensors.js";
import { checkSkew, goldenFeatures } from "./skew-check.js";
import { sampleNumeric, sampleProfile } from "./testing/sample-profile.js";

const edges = [0, 1];
const input = { of: "input", name: "x" } as const;
const profile = sampleProfile([
  sampleNumeric({ name: "norm", edges, source: { take: "norm", ...input } }),
  sampleNumeric({ name: "third", edges, source: { take: "value", ...input, at: 2 } }),
  sampleNumeric({ name: "digit", edges, source: { take: "argmax", of: "output", name: "y" } }),
  sampleNumeric({ name: "delay", edges, source: { take: "latency" } }),
  sampleNumeric({ name: "mood", edges }),
]);
const tensor = (name: string, shape: readonly number[], ...values: number[]): NamedTensor => ({
  ...{ name, elementType: "float32", shape, data: Float32Array.from(values) },
});
const golden = [
  tensor("inputs/x", [2, 2], 3, 4, 6, 8),
  tensor("outputs/y", [2, 3], 0.1, 0.7, 0.2, 0.8, 0.1, 0.1),
];

test("golden rows get the value of every feature that is made of tensors", () => {
  const values = goldenFeatures(profile, golden).map(({ name, data }) => [name, ...data]);

  expect(values).toEqual([
    ["features/norm", 5, 10],
    ["features/third", Number.NaN, Number.NaN],
    ["features/digit", 1, 0],
  ]);
});

test("the same code finds no skew", () => {
  expect(checkSkew(profile, [...golden, ...goldenFeatures(profile, golden)])).toBeNull();
});

test("a value that is another one names feature, row and both values", () => {
  const [norm, ...others] = goldenFeatures(profile, golden) as [NamedTensor, ...NamedTensor[]];
  const other = { ...norm, data: Float64Array.of(5, 10.001) };

  expect(checkSkew(profile, [...golden, other, ...others])).toBe(
    'feature "norm" is 10 here for golden row 1, where 10.001 is expected',
  );
});

test("a value where none was expected is skew", () => {
  const packaged = goldenFeatures(profile, golden).map((one) =>
    one.name === "features/norm" ? { ...one, data: Float64Array.of(5, Number.NaN) } : one,
  );

  expect(checkSkew(profile, [...golden, ...packaged])).toContain("where NaN is expected");
});

test("a sum in another order is none", () => {
  const packaged = goldenFeatures(profile, golden).map((one) =>
    one.name === "features/norm" ? { ...one, data: Float64Array.of(5 + 4e-15, 10 - 2e-15) } : one,
  );

  expect(checkSkew(profile, [...golden, ...packaged])).toBeNull();
});

test("a feature that was not packaged, or for fewer rows, is said", () => {
  const short = goldenFeatures(profile, golden).map((one) => ({ ...one, data: one.data.slice(0, 1) }));
  const words = 'no value of feature "norm" for each of their 2 rows';

  expect([checkSkew(profile, golden), checkSkew(profile, [...golden, ...short])]).toEqual([
    expect.stringContaining(words),
    expect.stringContaining(words),
  ]);
});
