import type { DataType, NamedTensorInfoMap, TensorInfo } from "@tensorflow/tfjs-core";
import type { TfjsCore } from "../runtime.js";

/** What the kernels use of tfjs's WASM backend. */
export interface WasmBackend {
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  /** A view of the backend's memory, which the next allocation may invalidate. */
  typedArrayFromHeap(info: TensorInfo): Float32Array | Int32Array | Uint8Array;
  disposeData(dataId: object): boolean;
}

export interface KernelCall<Inputs, Attributes> {
  readonly inputs: Inputs;
  readonly attrs: Attributes;
  readonly wasm: WasmKernels;
  /** The backend's own kernel of this name. Throws ENGINE_FAILED when it has none. */
  readonly replaced: (inputs: object, attrs: object) => TensorInfo;
}

/** One kernel that is registered for the WASM backend. */
export interface TrainingKernel {
  readonly kernelName: string;
  readonly run: (call: KernelCall<never, never>) => TensorInfo;
}

/** The backend's memory and the kernels it already has, which gradient kernels are made of where that is faster. */
export class WasmKernels {
  constructor(
    readonly tf: TfjsCore,
    private readonly backend: WasmBackend,
  ) {}

  /** A new tensor with what the memory happened to hold. */
  allocate(shape: readonly number[], dtype: DataType = "float32"): TensorInfo {
    return this.backend.makeOutput([...shape], dtype);
  }

  /** Allocate everything first: a view may be dead after the next allocation. */
  floats(info: TensorInfo): Float32Array {
    return this.backend.typedArrayFromHeap(info) as Float32Array;
  }

  integers(info: TensorInfo): Int32Array {
    return this.backend.typedArrayFromHeap(info) as Int32Array;
  }

  /** One of the backend's own kernels with one output. */
  run(kernelName: string, inputs: NamedTensorInfoMap, attrs: object): TensorInfo {
    const { kernelFunc } = this.tf.getKernel(kernelName, "wasm");
    return kernelFunc({ inputs, attrs: { ...attrs }, backend: this.backend }) as TensorInfo;
  }

  /** Product of two matrices. */
  matMul(a: TensorInfo, b: TensorInfo): TensorInfo {
    return this.run("BatchMatMul", { a, b }, { transposeA: false, transposeB: false });
  }

  free(...infos: readonly TensorInfo[]): void {
    for (const info of infos) this.backend.disposeData(info.dataId);
  }
}

/** The same memory seen with another shape; freed once, as the tensor that it was. */
export function reshaped(info: TensorInfo, shape: readonly number[]): TensorInfo {
  return { dataId: info.dataId, dtype: info.dtype, shape: [...shape] };
}
