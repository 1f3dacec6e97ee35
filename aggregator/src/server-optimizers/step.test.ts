import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ServerOptimizerConfig } from "./config.js";
import { stepServerOptimizer, type ServerOptimizerState } from "./step.js";

interface Fixture {
  readonly start: number[];
  readonly deltas: number[][];
  readonly cases: { readonly config: ServerOptimizerConfig; readonly after: number[][] }[];
}

// Made by fixtures/make_fixture.py with numpy in float64.
const fixture = JSON.parse(
  readFileSync(new URL("./fixtures/reddi.json", import.meta.url), "utf8"),
) as Fixture;

describe.each(fixture.cases)("$config.kind", ({ config, after }) => {
  test("takes the same three steps as numpy", () => {
    let parameters: Float32Array = Float32Array.from(fixture.start);
    let state: ServerOptimizerState | null = null;
    fixture.deltas.forEach((delta, index) => {
      ({ parameters, state } = stepServerOptimizer(config, state, parameters, Float32Array.from(delta)));
      // Three roundings to float32 of numbers of order 1.
      parameters.forEach((value, at) => expect(value).toBeCloseTo(after[index]![at]!, 6));
    });
  });

  test("does not change its arguments", () => {
    const [parameters, delta] = [Float32Array.of(1, 2), Float32Array.of(0.5, -0.5)];
    const first = stepServerOptimizer(config, null, parameters, delta);
    const kept = structuredClone(first.state);

    stepServerOptimizer(config, first.state, first.parameters, delta);

    expect([...parameters]).toEqual([1, 2]);
    expect(first.state).toEqual(kept);
  });
});

test("FedAvg with rate 1 adds the mean delta", () => {
  const { parameters } = stepServerOptimizer(
    { kind: "fedavg", learningRate: 1 },
    null,
    Float32Array.of(1, 2),
    Float32Array.of(0.5, -1),
  );

  expect([...parameters]).toEqual([1.5, 1]);
});

test("FedAdam without momentum and memory moves by eta where the delta is large against tau", () => {
  const config = { kind: "fedadam", learningRate: 0.1, beta1: 0, beta2: 0, tau: 1e-6 } as const;

  const { parameters } = stepServerOptimizer(config, null, Float32Array.of(0, 0), Float32Array.of(3, -5));

  // m / (sqrt(m^2) + tau) is the sign of m up to tau.
  expect(parameters[0]).toBeCloseTo(0.1, 6);
  expect(parameters[1]).toBeCloseTo(-0.1, 6);
});
