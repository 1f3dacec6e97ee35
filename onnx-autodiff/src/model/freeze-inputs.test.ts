import { expect, test } from "vitest";
import { decodeModel } from "../onnx/model.js";
import { codeOf } from "../testing/error-code.js";
import { float32, numbersOf, openGraph } from "../testing/run-graph.js";
import { buildTrainingGraphs } from "../training/build-training-graphs.js";
import { logistic } from "../zoo/logistic.js";
import { freezeInputs, inputNamesOf } from "./freeze-inputs.js";

const { infer } = buildTrainingGraphs(logistic({ inputs: 2, classes: 2 }), { loss: "softmax-cross-entropy" });
const weight = { name: "weight", ...float32([2, 2], [1, 2, 3, 4]) };
const bias = { name: "bias", ...float32([2], [10, 20]) };

test("an infer graph takes the model's inputs and its parameters", () => {
  expect(inputNamesOf(infer)).toEqual(["input", "weight", "bias"]);
});

test("with its parameters frozen it takes the model's inputs only", () => {
  const { graph } = decodeModel(freezeInputs(infer, [weight, bias]));

  expect(graph.inputs.map(({ name }) => name)).toEqual(["input"]);
  expect(graph.initializers.map(({ name }) => name)).toEqual(["weight", "bias"]);
});

test("a frozen graph computes with the values that were put in", async () => {
  const runner = await openGraph(freezeInputs(infer, [weight, bias]));

  const { logits } = await runner.run({ input: float32([1, 2], [1, -1]) });

  // [1, -1] times [[1, 2], [3, 4]] is [-2, -2].
  expect(numbersOf(logits)).toEqual([8, 18]);
  await runner.close();
});

test.each([
  ["a name that is no input", [{ ...bias, name: "nobody" }], "ONNX_OPTION_INVALID"],
  ["a name given twice", [bias, bias], "ONNX_OPTION_INVALID"],
  ["another shape", [{ name: "bias", ...float32([3], [1, 2, 3]) }], "ONNX_SHAPE_MISMATCH"],
])("%s is refused", (_, tensors, code) => {
  expect(codeOf(() => freezeInputs(infer, tensors))).toBe(code);
});
