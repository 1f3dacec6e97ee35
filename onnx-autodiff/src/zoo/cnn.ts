import { createGraphBuilder, type ModelBuilder } from "../builder/create-graph-builder.js";
import { checkSizes } from "./sizes.js";
import { createUniform, glorotUniform, heUniform, transposed, uniformTensor, zeros } from "./weights.js";

/** Sizes and seed of the CNN. */
export interface CnnOptions {
  /** Height and width of the images, a multiple of 4; 28 by default. */
  readonly side?: number;
  /** Channels of the images; 1 by default. */
  readonly channels?: number;
  /** Output channels of the two convolutions; [32, 64] by default. */
  readonly filters?: readonly [number, number];
  /** Units of the dense layer; 512 by default. */
  readonly hidden?: number;
  /** 10 by default. */
  readonly classes?: number;
  /** Of the initial weights; 1 by default. */
  readonly seed?: number;
}

/** Height and width of the convolutions' kernels. */
const KERNEL = 5;

/**
 * The CNN of the FedAvg paper: two 5x5 convolutions, each with ReLU and 2x2 max pooling, a dense ReLU layer.
 * `input` [N, channels * side * side] float32, row-major per channel, to `logits` [N, classes].
 *
 * Parameters: `conv1.weight` [filters, channels, 5, 5], `conv1.bias`, `conv2.…`, `fc1.weight` [hidden, inputs],
 * `fc1.bias` [hidden, 1], `fc2.…`; 1,663,370 numbers by default. Source: McMahan et al. 2017, section 3.
 */
export function cnn(options: CnnOptions = {}): Uint8Array<ArrayBuffer> {
  const { side = 28, channels = 1, filters = [32, 64], hidden = 512, classes = 10, seed = 1 } = options;
  checkSizes({ side: side / 4, channels, filters: filters[0], "filters[1]": filters[1], hidden, classes });
  const uniform = createUniform(seed);
  const builder = createGraphBuilder({ name: "cnn" });
  const x = builder.input("input", "float32", ["N", channels * side * side]);
  const image = builder.op("Reshape", [x, shape(builder, [-1, channels, side, side])]);
  const layer = (value: string, name: string, sizes: readonly [number, number]): string => {
    const fanIn = sizes[0] * KERNEL * KERNEL;
    const draw = uniformTensor([sizes[1], sizes[0], KERNEL, KERNEL], Math.sqrt(6 / fanIn), uniform);
    const weight = builder.initializer(`${name}.weight`, draw);
    const bias = builder.initializer(`${name}.bias`, zeros([sizes[1]]));
    const pads = [0, 1, 2, 3].map(() => (KERNEL - 1) / 2);
    const features = builder.op("Relu", [builder.op("Conv", [value, weight, bias], { pads })]);
    return builder.op("MaxPool", [features], { kernel_shape: [2, 2], strides: [2, 2] });
  };
  const first = layer(image, "conv1", [channels, filters[0]]);
  const second = layer(first, "conv2", filters);
  const flat = (filters[1] * side * side) / 16;
  const dense = (value: string, name: string, tensor: ReturnType<typeof heUniform>): string => {
    const weight = builder.initializer(`${name}.weight`, transposed(tensor));
    const bias = builder.initializer(`${name}.bias`, zeros([tensor.shape[1] ?? 1, 1]));
    return builder.op("Gemm", [weight, value, bias], { transB: value === rows ? 1 : 0 });
  };
  const rows = builder.op("Flatten", [second]);
  const units = builder.op("Relu", [dense(rows, "fc1", heUniform(flat, hidden, uniform))]);
  const columns = dense(units, "fc2", glorotUniform(hidden, classes, uniform));
  builder.output("logits", builder.op("Transpose", [columns], { perm: [1, 0] }));
  return builder.build();
}

function shape(builder: ModelBuilder, dims: readonly number[]): string {
  return builder.op("Constant", [], { value_ints: dims });
}
