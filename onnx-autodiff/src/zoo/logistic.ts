import { createGraphBuilder } from "../builder/create-graph-builder.js";
import { glorotUniform, createUniform, zeros } from "./weights.js";
import { checkSizes } from "./sizes.js";

/** Sizes and seed of a logistic regression. */
export interface LogisticOptions {
  /** Number of features. */
  readonly inputs: number;
  readonly classes: number;
  /** Of the initial weights; 1 by default. */
  readonly seed?: number;
}

/**
 * Multinomial logistic regression: `input` [N, inputs] float32 to `logits` [N, classes].
 *
 * Parameters: `weight` [inputs, classes], `bias` [classes].
 */
export function logistic(options: LogisticOptions): Uint8Array<ArrayBuffer> {
  const { inputs, classes, seed = 1 } = options;
  checkSizes({ inputs, classes });
  const builder = createGraphBuilder({ name: "logistic" });
  const x = builder.input("input", "float32", ["N", inputs]);
  const weight = builder.initializer("weight", glorotUniform(inputs, classes, createUniform(seed)));
  const bias = builder.initializer("bias", zeros([classes]));
  builder.output("logits", builder.op("Gemm", [x, weight, bias]));
  return builder.build();
}
