import { describe, expect, test } from "vitest";
import { DEFAULT_SERVER_OPTIMIZERS, decodeServerOptimizerConfig } from "./config.js";

describe.each(Object.values(DEFAULT_SERVER_OPTIMIZERS))("$kind", (defaults) => {
  test("takes every default when only its kind is given", () => {
    expect(decodeServerOptimizerConfig({ kind: defaults.kind })).toEqual(defaults);
  });

  test("refuses a rate of zero, below zero, or of no number", () => {
    for (const learningRate of [0, -1, NaN, Infinity, "1"]) {
      expect(() => decodeServerOptimizerConfig({ kind: defaults.kind, learningRate })).toThrowError(
        expect.objectContaining({ code: "OPTION_INVALID", details: { path: "learningRate" } }),
      );
    }
  });
});

test.each([
  { kind: "fedadam", beta1: 1 },
  { kind: "fedadam", beta1: -0.1 },
  { kind: "fedadam", beta2: 1 },
  { kind: "fedyogi", tau: 0 },
  { kind: "fedavgm", momentum: 1 },
])("a constant outside its range is refused: %j", (config) => {
  expect(() => decodeServerOptimizerConfig(config)).toThrowError(
    expect.objectContaining({ code: "OPTION_INVALID", details: { path: Object.keys(config)[1] } }),
  );
});

test("a constant that the kind does not have is refused, not dropped", () => {
  expect(() => decodeServerOptimizerConfig({ kind: "fedavg", momentum: 0.9 })).toThrowError(
    expect.objectContaining({ code: "OPTION_INVALID" }),
  );
});

test("an unknown kind is refused", () => {
  expect(() => decodeServerOptimizerConfig({ kind: "fedsgd" })).toThrowError(
    expect.objectContaining({ code: "OPTION_INVALID" }),
  );
});
