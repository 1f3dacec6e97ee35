import { createGraphBuilder } from "../builder/create-graph-builder.js";
import { checkSizes } from "./sizes.js";
import { createUniform, glorotUniform, heUniform, zeros } from "./weights.js";

/** Sizes and seed of an autoencoder. */
export interface AutoencoderOptions {
  /** Number of features; 784 by default. */
  readonly inputs?: number;
  /** Units of the layers around the code; 128 by default. */
  readonly hidden?: number;
  /** Numbers of the code; 32 by default. */
  readonly code?: number;
  /** Of the initial weights; 1 by default. */
  readonly seed?: number;
}

/**
 * An autoencoder for features in [0, 1]: `input` [N, inputs] float32 to `reconstruction` of the same shape, which ends
 * in a sigmoid. Train it with `mean-squared-error` or `binary-cross-entropy` and the input as the target; its error on
 * an example tells how unusual that is.
 *
 * Parameters: `encoder1.weight` [inputs, hidden], `encoder1.bias`, `encoder2.…`, `decoder1.…`, `decoder2.…`; 209,968
 * numbers by default. Source: Hinton and Salakhutdinov 2006, with ReLU layers.
 */
export function autoencoder(options: AutoencoderOptions = {}): Uint8Array<ArrayBuffer> {
  const { inputs = 784, hidden = 128, code = 32, seed = 1 } = options;
  checkSizes({ inputs, hidden, code });
  const uniform = createUniform(seed);
  const builder = createGraphBuilder({ name: "autoencoder" });
  const dense = (
    value: string,
    name: string,
    [from, to]: readonly [number, number],
    isLast = false,
  ): string => {
    const draw = isLast ? glorotUniform : heUniform;
    const weight = builder.initializer(`${name}.weight`, draw(from, to, uniform));
    return builder.op("Gemm", [value, weight, builder.initializer(`${name}.bias`, zeros([to]))]);
  };
  const x = builder.input("input", "float32", ["N", inputs]);
  const first = builder.op("Relu", [dense(x, "encoder1", [inputs, hidden])]);
  const codes = builder.op("Relu", [dense(first, "encoder2", [hidden, code])]);
  const second = builder.op("Relu", [dense(codes, "decoder1", [code, hidden])]);
  const logits = dense(second, "decoder2", [hidden, inputs], true);
  builder.output("reconstruction", builder.op("Sigmoid", [logits]));
  return builder.build();
}
