import { expect, test } from "vitest";
import { createGraphBuilder } from "../builder/create-graph-builder.js";
import { twoNN } from "../zoo/two-nn.js";
import { describeModel } from "./describe-model.js";

test("the description of 2NN counts its parameters, operators and products", () => {
  const description = describeModel(twoNN());

  // 784*200 + 200 + 200*200 + 200 + 200*10 + 10 (McMahan et al. 2017, section 3), and the products without biases.
  expect(description.numParameters).toBe(199_210);
  expect(description.multiplyAddsPerExample).toBe(198_800);
  // Five values of 200, 200, 200, 200 and 10 numbers, and the logits again in rows; four bytes each.
  expect(description.activationBytesPerExample).toBe(4 * (4 * 200 + 2 * 10));
  expect(description.operators).toEqual([
    { type: "Gemm", count: 3, isDifferentiable: true },
    { type: "Relu", count: 2, isDifferentiable: true },
    { type: "Transpose", count: 1, isDifferentiable: true },
  ]);
  expect(description.inputs).toEqual([{ name: "input", elementType: "float32", shape: ["N", 784] }]);
  expect(description.outputs).toEqual([{ name: "logits", elementType: "float32", shape: ["N", 10] }]);
});

test("an operator without a gradient rule is described as such", () => {
  const g = createGraphBuilder({ name: "erf" });
  g.input("x", "float32", ["N", 2]);
  g.output("y", g.declare(g.op("Det", ["x"]), "float32", ["N", 2]));

  expect(describeModel(g.build()).operators).toEqual([{ type: "Det", count: 1, isDifferentiable: false }]);
});
