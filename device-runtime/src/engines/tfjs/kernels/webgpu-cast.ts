import type { DataType, KernelConfig, KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import type { TfjsCore } from "../runtime.js";

/** What the kernel uses of tfjs's WebGPU backend. */
interface WebgpuBackend {
  makeTensorInfo(shape: number[], dtype: DataType, values: Float32Array): TensorInfo;
  disposeData(dataId: object): boolean;
}

interface MarkedConfig extends KernelConfig {
  readonly convertsNumbers?: true;
}

/**
 * Makes numbers out of integers and truth values on tfjs's WebGPU backend. The kernel of 4.22 only gives the tensor
 * another name for its type, and a program that copies such a tensor, such as a transposition, copies the bits: the mask
 * of a recurrent layer becomes almost zero everywhere.
 *
 * Idempotent; without effect where the WebGPU backend's package was not imported.
 */
export function convertOnWebgpu(tf: TfjsCore): void {
  if (tf.findBackendFactory("webgpu") === null) return;
  const present: MarkedConfig = tf.getKernel("Cast", "webgpu");
  if (present.convertsNumbers === true) return;
  const kernelFunc: KernelFunc = (call) => {
    const renamed = present.kernelFunc(call) as TensorInfo;
    const { dtype } = (call.inputs as { x: TensorInfo }).x;
    if (renamed.dtype !== "float32" || (dtype !== "int32" && dtype !== "bool")) return renamed;
    const backend = call.backend as unknown as WebgpuBackend;
    const one = backend.makeTensorInfo([], "float32", Float32Array.of(1));
    const multiply = tf.getKernel("Multiply", "webgpu").kernelFunc;
    const converted = multiply({ inputs: { a: renamed, b: one }, attrs: {}, backend: call.backend });
    backend.disposeData(one.dataId);
    backend.disposeData(renamed.dataId);
    return converted;
  };
  tf.unregisterKernel("Cast", "webgpu");
  tf.registerKernel({ ...present, convertsNumbers: true, kernelFunc } as MarkedConfig);
}
