import { describe, expect, test } from "vitest";
import { codeOf } from "../testing/error-code.js";
import { float32, numbersOf, openGraph } from "../testing/run-graph.js";
import { logistic } from "../zoo/logistic.js";
import { exportTrained, setInitializers } from "./set-initializers.js";

const MODEL = logistic({ inputs: 2, classes: 2 });
const WEIGHT = { name: "weight", ...float32([2, 2], [1, 2, 3, 4]) };
const BIAS = { name: "bias", ...float32([2], [10, 20]) };

describe("a model with trained values", () => {
  test("computes with them", async () => {
    const runner = await openGraph(exportTrained(MODEL, [WEIGHT, BIAS]));

    // [1, -1] times [[1, 2], [3, 4]] is [-2, -2]; the bias adds [10, 20].
    const { logits } = await runner.run({ input: float32([1, 2], [1, -1]) });
    await runner.close();

    expect(numbersOf(logits)).toEqual([8, 18]);
  });

  test("is the same model when the values are the old ones", () => {
    const once = setInitializers(MODEL, [WEIGHT]);

    expect(setInitializers(once, [WEIGHT])).toEqual(once);
    expect(once.length).toBe(MODEL.length);
  });

  test("does not take a name that the model does not have", () => {
    expect(codeOf(() => setInitializers(MODEL, [{ ...WEIGHT, name: "weights" }]))).toBe(
      "ONNX_OPTION_INVALID",
    );
  });

  test.each([
    ["shape", { ...WEIGHT, shape: [4, 1] }],
    ["element type", { ...WEIGHT, elementType: "float64" as const, data: new Float64Array(4) }],
  ])("does not take another %s", (_, tensor) => {
    expect(codeOf(() => setInitializers(MODEL, [tensor]))).toBe("ONNX_SHAPE_MISMATCH");
  });
});
