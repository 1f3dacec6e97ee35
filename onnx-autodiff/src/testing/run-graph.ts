import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { ElementType, TensorData } from "../onnx/element-type.js";

/** A tensor as a test feeds or reads it. */
export interface Feed {
  readonly elementType: ElementType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface GraphRunner {
  run(feeds: Readonly<Record<string, Feed>>): Promise<Readonly<Record<string, Feed>>>;
  close(): Promise<void>;
}

/** Runs the bytes of a graph on onnxruntime-node, on one thread. */
export async function openGraph(bytes: Uint8Array): Promise<GraphRunner> {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  return {
    async run(feeds) {
      const tensors = Object.entries(feeds).map(([name, feed]) => [name, toOrt(feed)] as const);
      const results = await session.run(Object.fromEntries(tensors));
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
    },
    close: () => session.release(),
  };
}

export function float32(shape: readonly number[], values: readonly number[]): Feed {
  return { elementType: "float32", shape, data: Float32Array.from(values) };
}

export function float64(shape: readonly number[], values: readonly number[]): Feed {
  return { elementType: "float64", shape, data: Float64Array.from(values) };
}

export function int64(shape: readonly number[], values: readonly number[]): Feed {
  return { elementType: "int64", shape, data: BigInt64Array.from(values, BigInt) };
}

/** The only number of a scalar. */
export function scalarOf(feed: Feed | undefined): number {
  return Number(feed?.data[0]);
}

export function numbersOf(feed: Feed | undefined): readonly number[] {
  return Array.from(feed?.data ?? [], Number);
}

function toOrt({ elementType, shape, data }: Feed): OrtTensor {
  return new OrtTensor(elementType as OrtTensor.Type, data as OrtTensor.DataType, shape);
}

function fromOrt(tensor: OrtTensor): Feed {
  return { elementType: tensor.type as ElementType, shape: tensor.dims, data: tensor.data as TensorData };
}
