import type { ValueSpec } from "@fedge/onnx-autodiff";
import { FedgeError, type Random } from "@fedge/protocol";
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
}

/** Random values for an input or target: floating point in [0, 1), integers 0 or 1. */
export function randomFeed(spec: ValueSpec, { sizes, random, runtime }: Maker): Tensor {
  const shape = (spec.shape ?? []).map((dim, axis) => {
    if (typeof dim === "number") return dim;
    const free = axis === 0 ? sizes.batchSize : FREE_SIZE;
    return dim === null ? free : (sizes.symbols.get(dim) ?? free);
  });
  const length = shape.reduce((product, size) => product * size, 1);
  if (length > MAX_ELEMENTS) {
    throw new FedgeError("TRAINING_FAILED", `one example of "${spec.name}" has ${length} elements`);
  }
  const bit = (): number => (random.unit() < 0.5 ? 0 : 1);
  switch (spec.elementType) {
    case "float32":
      return new runtime.Tensor(
        "float32",
        Float32Array.from({ length }, () => random.unit()),
        shape,
      );
    case "float64":
      return new runtime.Tensor(
        "float64",
        Float64Array.from({ length }, () => random.unit()),
        shape,
      );
    case "int64":
      return new runtime.Tensor(
        "int64",
        BigInt64Array.from({ length }, () => BigInt(bit())),
        shape,
      );
    case "int32":
      return new runtime.Tensor("int32", Int32Array.from({ length }, bit), shape);
    case "bool":
    case "uint8":
      return new runtime.Tensor(spec.elementType, Uint8Array.from({ length }, bit), shape);
    default:
      throw new FedgeError("TRAINING_FAILED", `devices cannot be given "${spec.name}" (${spec.elementType})`);
  }
}
