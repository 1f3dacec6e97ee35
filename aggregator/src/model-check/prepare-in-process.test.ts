import { createGraphBuilder, describeModel, type ModelBuilder } from "@fedge/onnx-autodiff";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { describe, expect, test } from "vitest";
import type { PrepareLimits, createModelPreparer } from "./prepare-in-process.js";
import type { PreparedModel } from "./prepared-model.js";

// A process runs compiled code, so these tests are about the build.
const built = new URL("../../dist/model-check/prepare-in-process.js", import.meta.url).href;

async function prepare(onnx: Uint8Array, limits: PrepareLimits = {}): Promise<PreparedModel> {
  const module = (await import(built)) as { createModelPreparer: typeof createModelPreparer };
  return module.createModelPreparer(limits)({
    onnx,
    training: { loss: "mean-squared-error", optimizer: { kind: "adam" }, proximal: true },
  });
}

/** x [N, 4] times a parameter of ones, then `rest`. */
function modelOf(rest: (g: ModelBuilder, value: string) => string): Uint8Array {
  const g = createGraphBuilder({ name: "hostile" });
  const ones = { elementType: "float32", shape: [4], data: new Float32Array(4).fill(1) } as const;
  g.output("y", rest(g, g.op("Mul", [g.input("x", "float32", ["N", 4]), g.initializer("w", ones)])));
  return g.build();
}

function int64(g: ModelBuilder, values: readonly number[]): string {
  const data = BigInt64Array.from(values, BigInt);
  return g.initializer("shape", { elementType: "int64", shape: [values.length], data });
}

/** The value repeated into many rows, and summed again. */
const blownUp = (rows: number): Uint8Array =>
  modelOf((g, value) =>
    g.op("ReduceSum", [g.op("Expand", [value, int64(g, [rows, 1, 1])])], { keepdims: 0 }),
  );

test("a good model comes back differentiated, with the loss and the time of one step", async () => {
  const { graphs, check } = await prepare(logistic({ inputs: 4, classes: 3 }));

  expect(graphs.parameters.map(({ name }) => name)).toEqual(["weight", "bias"]);
  expect(check.batchSize).toBe(2);
  expect(check.loss).toBeGreaterThan(0);
  expect(check.stepMs).toBeGreaterThan(0);
});

test("a good model comes back with what explains its answers", async () => {
  const { attribution } = await prepare(logistic({ inputs: 4, classes: 3 }));

  expect("graph" in attribution && describeModel(attribution.graph).outputs).toMatchObject([
    { name: "input.attribution" },
  ]);
});

test("a model that nothing can explain is as good, and comes back with the reason", async () => {
  const g = createGraphBuilder({ name: "table" });
  const table = { elementType: "float32", shape: [5, 1], data: new Float32Array(5).fill(1) } as const;
  g.output("y", g.op("Gather", [g.initializer("w", table), g.input("tokens", "int64", ["N"])]));
  const { attribution, check } = await prepare(g.build());

  expect(attribution).toEqual({ obstacle: expect.stringMatching(/only whole numbers \(tokens\)/) as string });
  expect(check.loss).toBeGreaterThan(0);
});

test("models are prepared one after the other, also after one that fails", async () => {
  const module = (await import(built)) as { createModelPreparer: typeof createModelPreparer };
  const preparer = module.createModelPreparer();
  const training = { loss: "mean-squared-error" } as const;
  const bad = preparer({ onnx: new Uint8Array(3), training });
  const good = preparer({ onnx: logistic({ inputs: 4, classes: 3 }), training });

  await expect(bad).rejects.toMatchObject({ code: "ONNX_MALFORMED" });
  await expect(good).resolves.toMatchObject({ check: { batchSize: 2 } });
});

describe("a model is refused", () => {
  test.each<[string, Uint8Array, PrepareLimits, string, RegExp]>([
    ["that is no model", Uint8Array.of(1, 2, 3), {}, "ONNX_MALFORMED", /malformed/],
    [
      "whose loss is no number",
      modelOf((g, value) => g.op("Log", [g.op("Neg", [g.op("Exp", [value])])])),
      {},
      "TRAINING_FAILED",
      /loss on random examples is NaN/,
    ],
    [
      "that fails when it runs",
      modelOf((g, value) => g.op("Reshape", [value, int64(g, [7, -1])])),
      {},
      "TRAINING_FAILED",
      /Reshape.*; try the model in onnxruntime/,
    ],
    [
      "that wants 2^44 bytes at once",
      blownUp(2 ** 39),
      {},
      "TRAINING_FAILED",
      /memory.*; try the model in onnxruntime/,
    ],
    [
      "that fills more memory than it may",
      blownUp(50_000_000),
      { maxMemoryBytes: 400e6 },
      "TRAINING_FAILED",
      /needs more than 400 MB of memory/,
    ],
    [
      "that is not over in time",
      modelOf((g, value) =>
        Array.from({ length: 50_000 }).reduce<string>((last) => g.op("Tanh", [last]), value),
      ),
      { deadlineMs: 1000 },
      "TRAINING_FAILED",
      /not over after 1000 ms/,
    ],
  ])("%s", async (_, onnx, limits, code, sentence) => {
    await expect(prepare(onnx, limits)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(sentence) as string,
    });
  });
});
