import type { TensorData, ValueSpec } from "@fedge/onnx-autodiff";
import { FedgeError, numValues, type Random } from "@fedge/protocol";
import type { Tensor } from "onnxruntime-common";

/** Examples in a batch whose size is free. */
const BATCH_SIZE = 2;

/** Size of any other dim that is free, such as the number of steps. */
const FREE_SIZE = 4;

/** No single input of a check is larger. */
const MAX_ELEMENTS = 2 ** 28;

export interface FeedSizes {
  readonly batchSize: number;
  /** Size of each symbol. */
  readonly symbols: ReadonlyMap<string, number>;
}

/** Sizes for what a model leaves open: equal symbols get equal sizes. */
export function sizesOf(specs: readonly ValueSpec[]): FeedSizes {
  const firsts = specs.map((spec) => spec.shape?.[0]);
  const fixed = firsts.find((dim) => typeof dim === "number");
  const batchSize = firsts.some((dim) => typeof dim !== "number") ? BATCH_SIZE : (fixed ?? 1);
  const names = specs.flatMap((spec) => spec.shape ?? []).filter((dim) => typeof dim === "string");
  const symbols = names.map((name) => [name, firsts.includes(name) ? batchSize : FREE_SIZE] as const);
  return { batchSize, symbols: new Map(symbols) };
}

interface Maker {
  readonly sizes: FeedSizes;
  readonly random: Random;
  readonly runtime: { readonly Tensor: typeof Tensor };
  /** Whole numbers are below this; 2 by default. */
  readonly wholesBelow?: number;
}

/** Random values for an input or target: floating point in [0, 1), whole numbers 0 or 1. */
export function randomFeed(spec: ValueSpec, maker: Maker): Tensor {
  const { sizes, random, runtime, wholesBelow = 2 } = maker;
  const shape = (spec.shape ?? []).map((dim, axis) => {
    if (typeof dim === "number") return dim;
    const free = axis === 0 ? sizes.batchSize : FREE_SIZE;
    return dim === null ? free : (sizes.symbols.get(dim) ?? free);
  });
  const length = numValues(shape);
  if (length > MAX_ELEMENTS) {
    throw new FedgeError(
      "ONNX_LIMIT_EXCEEDED",
      `"${spec.name}" takes ${length} elements for ${sizes.batchSize} examples; at most ${MAX_ELEMENTS} are tried, use a smaller model`,
    );
  }
  const data = randomData(spec, length, {
    real: () => random.unit(),
    whole: () => Math.floor(random.unit() * wholesBelow),
  });
  return new runtime.Tensor(spec.elementType as "float32", data as Float32Array, shape);
}

interface Draw {
  real(): number;
  whole(): number;
}

function randomData(spec: ValueSpec, length: number, { real, whole }: Draw): TensorData {
  switch (spec.elementType) {
    case "float32":
      return Float32Array.from({ length }, real);
    case "float64":
      return Float64Array.from({ length }, real);
    case "int64":
      return BigInt64Array.from({ length }, () => BigInt(whole()));
    case "int32":
      return Int32Array.from({ length }, whole);
    case "bool":
    case "uint8":
      return Uint8Array.from({ length }, whole);
    default:
      throw new FedgeError(
        "ONNX_OPTION_INVALID",
        `devices cannot be given "${spec.name}" (${spec.elementType}); cast it inside the model from float32 or int64`,
      );
  }
}
