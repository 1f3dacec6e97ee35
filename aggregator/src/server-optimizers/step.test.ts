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

describe("two steps by hand", () => {
  const twoSteps = (config: ServerOptimizerConfig): number[] => {
    const first = stepServerOptimizer(config, null, Float32Array.of(0), Float32Array.of(1));
    const second = stepServerOptimizer(config, first.state, first.parameters, Float32Array.of(2));
    return [first.parameters[0]!, second.parameters[0]!];
  };

  test("FedAvgM: v = 1, then 0.5 * 1 + 2 = 2.5", () => {
    expect(twoSteps({ kind: "fedavgm", learningRate: 1, momentum: 0.5 })).toEqual([1, 3.5]);
  });

  test("FedAdagrad: v = 1/4 + 1, then + 4", () => {
    const [first, second] = twoSteps({ kind: "fedadagrad", learningRate: 1, beta1: 0, tau: 0.5 });

    expect(first).toBeCloseTo(1 / (Math.sqrt(1.25) + 0.5), 6);
    expect(second).toBeCloseTo(1 / (Math.sqrt(1.25) + 0.5) + 2 / (Math.sqrt(5.25) + 0.5), 6);
  });

  test("FedAdam: m = 1/2, then 1/4 + 1; v = 1/8 + 1/2, then 5/16 + 2", () => {
    const config = { kind: "fedadam", learningRate: 1, beta1: 0.5, beta2: 0.5, tau: 0.5 } as const;

    const [first, second] = twoSteps(config);

    expect(first).toBeCloseTo(0.5 / (Math.sqrt(0.625) + 0.5), 6);
    expect(second).toBeCloseTo(0.5 / (Math.sqrt(0.625) + 0.5) + 1.25 / (Math.sqrt(2.3125) + 0.5), 6);
  });

  test("FedYogi: v = 1/4 + 1/2, then 3/4 + 2", () => {
    const config = { kind: "fedyogi", learningRate: 1, beta1: 0, beta2: 0.5, tau: 0.5 } as const;

    const [first, second] = twoSteps(config);

    expect(first).toBeCloseTo(1 / (Math.sqrt(0.75) + 0.5), 6);
    expect(second).toBeCloseTo(1 / (Math.sqrt(0.75) + 0.5) + 2 / (Math.sqrt(2.75) + 0.5), 6);
  });
});

test("FedYogi leaves the second moment alone when it equals the squared delta", () => {
  const config = { kind: "fedyogi", learningRate: 1, beta1: 0, beta2: 0.5, tau: 0.5 } as const;

  const { state } = stepServerOptimizer(config, null, Float32Array.of(0), Float32Array.of(0.5));

  expect(state.vectors["fedyogi/second-moment"]).toEqual(Float32Array.of(0.25));
});

test("an optimizer does not read what another kind remembers", () => {
  const adaptive = { learningRate: 1, beta1: 0.5, beta2: 0.5, tau: 0.5 } as const;
  const [parameters, delta] = [Float32Array.of(0), Float32Array.of(2)];
  const adam = stepServerOptimizer({ kind: "fedadam", ...adaptive }, null, parameters, delta);

  const after = stepServerOptimizer({ kind: "fedyogi", ...adaptive }, adam.state, parameters, delta);
  const fresh = stepServerOptimizer({ kind: "fedyogi", ...adaptive }, null, parameters, delta);

  expect(after.parameters).toEqual(fresh.parameters);
});

test("FedAvgM under a constant delta moves by its geometric sum", () => {
  const config = { kind: "fedavgm", learningRate: 1, momentum: 0.5 } as const;
  let parameters: Float32Array = Float32Array.of(0);
  let state: ServerOptimizerState | null = null;

  for (let step = 0; step < 10; step += 1) {
    ({ parameters, state } = stepServerOptimizer(config, state, parameters, Float32Array.of(1)));
  }

  // The sum over t = 1..10 of 2 - 2^(1 - t), exact in float32.
  expect(parameters[0]).toBe(20 - 2 * (1 - 2 ** -10));
  expect(state?.step).toBe(10);
});

test("a state of another model is refused", () => {
  const config = { kind: "fedavgm", learningRate: 1, momentum: 0.5 } as const;
  const { state } = stepServerOptimizer(config, null, Float32Array.of(0, 0), Float32Array.of(1, 1));

  expect(() => stepServerOptimizer(config, state, Float32Array.of(0), Float32Array.of(1))).toThrowError(
    expect.objectContaining({ code: "DATA_CORRUPT" }),
  );
});

test("a delta of another length is refused", () => {
  const config = { kind: "fedavg", learningRate: 1 } as const;

  expect(() => stepServerOptimizer(config, null, Float32Array.of(0, 0), Float32Array.of(1))).toThrowError(
    expect.objectContaining({ code: "INTERNAL" }),
  );
});
