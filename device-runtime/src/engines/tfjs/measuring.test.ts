import { beforeAll, describe, expect, test } from "vitest";
import type { TensorValue, TensorValues } from "../../core/ports/engine.js";
import { loadTfjsRuntime } from "../../node/tfjs-runtime.js";
import { createTfjsServing, type TfjsRuntime } from "./index.js";
import { fixtureOf, type FixtureOptions } from "./testing/layers-models.js";

let runtime: TfjsRuntime;
beforeAll(async () => {
  ({ runtime } = await loadTfjsRuntime());
});

/** Two features straight to two outputs: a row's logits are its features. */
const IDENTITY = { "d/kernel": [1, 0, 0, 1], "d/bias": [0, 0] };
const ROWS = [
  [2, 0],
  [0, 1],
  [3, 0],
] as const;

type Measured = Readonly<Record<string, number>>;

async function measure(options: Partial<FixtureOptions>, target: TensorValue): Promise<Measured> {
  const fixture = fixtureOf(runtime, {
    loss: "softmax-cross-entropy",
    weights: IDENTITY,
    layers: (create) => [create.dense({ units: 2, inputShape: [2], name: "d" })],
    ...options,
  });
  const { manifest } = fixture;
  const inputs = [...manifest.inputs, ...(manifest.target === undefined ? [] : [manifest.target])];
  const engine = createTfjsServing(runtime, "tfjs");
  const session = await engine.load({ ...fixture, manifest: { ...manifest, inputs }, isMeasured: true });
  const rows: TensorValue = { shape: [ROWS.length, 2], data: Float32Array.from(ROWS.flat()) };
  const values: TensorValues = { [manifest.inputs[0]?.name ?? ""]: rows, target };
  try {
    const outputs = await session.run(values);
    return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Number(data[0])]));
  } finally {
    await session.close();
  }
}

const classes = (...labels: readonly bigint[]): TensorValue => ({
  shape: [labels.length],
  data: BigInt64Array.from(labels),
});

describe("a layers model that is measured", () => {
  // Two classes with logits a and b, of which a is right: the loss is log(1 + exp(b - a)).
  const LOSS = Math.log1p(Math.exp(-2)) + Math.log1p(Math.exp(-1)) + Math.log1p(Math.exp(3));

  test.each([
    ["logits", (create) => [create.dense({ units: 2, inputShape: [2], name: "d" })]],
    ["softmax", (create) => [create.dense({ units: 2, inputShape: [2], name: "d", activation: "softmax" })]],
  ] as [string, FixtureOptions["layers"]][])(
    "by softmax cross-entropy of %s sums the loss of each row, and counts the right ones",
    async (_, layers) => {
      const measured = await measure({ layers, targetType: "int64" }, classes(0n, 1n, 1n));

      expect(measured["loss_sum"]).toBeCloseTo(LOSS, 5);
      expect([measured["count"], measured["correct"]]).toEqual([3, 2]);
    },
  );

  test("by binary cross-entropy counts every output, yes above 0 and no else", async () => {
    const target = { shape: [3, 2], data: Float32Array.of(1, 0, 1, 1, 0, 0) };

    const measured = await measure({ loss: "binary-cross-entropy" }, target);

    // Logits 2 0 | 0 1 | 3 0 with targets 1 0 | 1 1 | 0 0: softplus(z) - z t.
    const softplus = (z: number): number => Math.log1p(Math.exp(z));
    const loss = softplus(2) - 2 + softplus(0) + softplus(0) + softplus(1) - 1 + softplus(3) + softplus(0);
    expect(measured["loss_sum"]).toBeCloseTo(loss, 5);
    expect([measured["count"], measured["correct"]]).toEqual([6, 4]);
  });

  test.each([
    ["mean-squared-error", 0 + 1 + 4 + 0 + 9 + 1],
    ["mean-absolute-error", 0 + 1 + 2 + 0 + 3 + 1],
    ["huber", 0 + 0.5 + 1.5 + 0 + 2.5 + 0.5],
  ])("by %s has no right and wrong", async (loss, sum) => {
    const target = { shape: [3, 2], data: Float32Array.of(2, 1, 2, 1, 0, 1) };

    const measured = await measure({ loss }, target);

    expect(measured["loss_sum"]).toBeCloseTo(sum, 5);
    expect([measured["count"], measured["correct"]]).toEqual([6, undefined]);
  });

  test("refuses a class that the model does not have", async () => {
    const measured = measure({ targetType: "int64" }, classes(0n, 1n, 2n));

    await expect(measured).rejects.toMatchObject({ code: "TRAINING_FAILED" });
  });

  test("leaves no tensor behind", async () => {
    await measure({ targetType: "int64" }, classes(0n, 1n, 1n));
    const before = runtime.core.memory().numTensors;

    await measure({ targetType: "int64" }, classes(0n, 1n, 1n));

    expect(runtime.core.memory().numTensors).toBe(before);
  });
});
