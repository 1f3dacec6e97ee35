import { createGraphBuilder } from "@fedge/onnx-autodiff";
import { decodeWith, modelName } from "@fedge/protocol";

export const LOANS = decodeWith(modelName, "loans", { what: "model", code: "OPTION_INVALID" });

/** Of three features and two classes; all numbers here are of few bits, so that every product and sum is exact. */
const WEIGHT = [
  [1, -2],
  [0.5, 4],
  [-1, 0.25],
];
const BIAS = [0.5, -0.5];

/** Two rows in one prediction. */
export const ROWS = { shape: [2, 3], data: Float32Array.of(2, 4, 1, 4, 1, 2) };

/** By hand: 2 + 2 - 1 + 0.5 and -4 + 16 + 0.25 - 0.5, so class 1; 4 + 0.5 - 2 + 0.5 and -8 + 4 + 0.5 - 0.5, so class 0. */
export const LOGITS = [3.5, 11.75, 3, -4];

/**
 * Gradient times input of a linear score is its weight times the input: of class 1 for the first row, of class 0 for the
 * second. With the bias they sum to the score.
 */
export const ATTRIBUTION = [2 * -2, 4 * 4, 1 * 0.25, 4 * 1, 1 * 0.5, 2 * -1];

/** logits = x W + b. */
export function loansModel(): Uint8Array<ArrayBuffer> {
  const g = createGraphBuilder({ name: "loans" });
  const tensor = (shape: readonly number[], values: readonly number[]) =>
    ({ elementType: "float32", shape, data: Float32Array.from(values) }) as const;
  const weight = g.initializer("weight", tensor([3, 2], WEIGHT.flat()));
  const product = g.op("MatMul", [g.input("x", "float32", ["N", 3]), weight]);
  g.output("logits", g.op("Add", [product, g.initializer("bias", tensor([2], BIAS))]));
  return new Uint8Array(g.build());
}
