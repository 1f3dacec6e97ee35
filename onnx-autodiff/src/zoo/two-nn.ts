import { createGraphBuilder } from "../builder/create-graph-builder.js";
import { glorotUniform, createUniform, heUniform, transposed, zeros } from "./weights.js";
import { checkSizes } from "./sizes.js";

/** Sizes and seed of a 2NN. */
export interface TwoNNOptions {
  /** Number of features; 784 by default. */
  readonly inputs?: number;
  /** Units of each of the two hidden layers; 200 by default. */
  readonly hidden?: number;
  /** 10 by default. */
  readonly classes?: number;
  /** Of the initial weights; 1 by default. */
  readonly seed?: number;
}

/**
 * The "2NN" of the FedAvg paper: two hidden ReLU layers. `input` [N, inputs] float32 to `logits` [N, classes].
 *
 * Inside, the examples are columns: the runtime's matrix product is a quarter faster with the large operand first.
 * Parameters: `fc1.weight` [hidden, inputs], `fc1.bias` [hidden, 1], `fc2.weight`, `fc2.bias`, `fc3.weight`,
 * `fc3.bias`; 199,210 numbers by default. Source: McMahan et al. 2017, section 3.
 */
export function twoNN(options: TwoNNOptions = {}): Uint8Array<ArrayBuffer> {
  const { inputs = 784, hidden = 200, classes = 10, seed = 1 } = options;
  checkSizes({ inputs, hidden, classes });
  const uniform = createUniform(seed);
  const builder = createGraphBuilder({ name: "2nn" });
  const x = builder.input("input", "float32", ["N", inputs]);
  const dense = (value: string, name: string, sizes: readonly [number, number], isLast: boolean): string => {
    const draw = isLast ? glorotUniform : heUniform;
    const weight = builder.initializer(`${name}.weight`, transposed(draw(sizes[0], sizes[1], uniform)));
    const bias = builder.initializer(`${name}.bias`, zeros([sizes[1], 1]));
    return builder.op("Gemm", [weight, value, bias], { transB: value === x ? 1 : 0 });
  };
  const first = builder.op("Relu", [dense(x, "fc1", [inputs, hidden], false)]);
  const second = builder.op("Relu", [dense(first, "fc2", [hidden, hidden], false)]);
  const columns = dense(second, "fc3", [hidden, classes], true);
  builder.output("logits", builder.op("Transpose", [columns], { perm: [1, 0] }));
  return builder.build();
}
