import { FedgeError } from "@fedge/protocol";
import type { KernelConfig, KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import type { TfjsCore } from "../runtime.js";
import { batchMatMul } from "./batch-mat-mul.js";
import { conv2dBackpropFilter } from "./conv2d-backprop-filter.js";
import { conv2dBackpropInput } from "./conv2d-backprop-input.js";
import { depthwiseBackpropFilter } from "./depthwise-backprop-filter.js";
import { depthwiseBackpropInput } from "./depthwise-backprop-input.js";
import { maxPoolGrad } from "./max-pool-grad.js";
import { unpackWebgl } from "./unpacked-webgl.js";
import { unsortedSegmentSum } from "./unsorted-segment-sum.js";
import { convertOnWebgpu } from "./webgpu-cast.js";
import { WasmKernels, type TrainingKernel, type WasmBackend } from "./wasm-kernels.js";

/** What the WASM backend of tfjs 4.22 lacks for training, what it gets wrong, and what it does several times slower. */
const KERNELS: readonly TrainingKernel[] = [
  batchMatMul,
  conv2dBackpropFilter,
  conv2dBackpropInput,
  depthwiseBackpropFilter,
  depthwiseBackpropInput,
  maxPoolGrad,
  unsortedSegmentSum,
];

interface MarkedConfig extends KernelConfig {
  readonly isTrainingKernel?: true;
}

/**
 * Lets tfjs's backends train and answer rightly: on WASM the kernels above, on WebGL and WebGPU without the ways that
 * give wrong numbers. Idempotent; call it after the backend's package is imported and before the backend runs anything.
 */
export function registerTrainingKernels(tf: TfjsCore): void {
  unpackWebgl(tf);
  convertOnWebgpu(tf);
  const known = new Map<string, MarkedConfig>(
    tf.getKernelsForBackend("wasm").map((config) => [config.kernelName, config]),
  );
  for (const kernel of KERNELS) {
    const present = known.get(kernel.kernelName);
    if (present?.isTrainingKernel === true) continue;
    if (present !== undefined) tf.unregisterKernel(kernel.kernelName, "wasm");
    tf.registerKernel(configOf(tf, kernel, present));
  }
}

/** The replaced kernel's own preparation stays: the backend may not have been started yet. */
function configOf(tf: TfjsCore, { kernelName, run }: TrainingKernel, present?: KernelConfig): MarkedConfig {
  const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) => {
    const replaced = (otherInputs: object, otherAttrs: object): TensorInfo => {
      if (present === undefined)
        throw new FedgeError("ENGINE_FAILED", `tfjs has no WASM kernel ${kernelName}`);
      const given = { inputs: { ...otherInputs }, attrs: { ...otherAttrs }, backend };
      return present.kernelFunc(given) as TensorInfo;
    };
    const wasm = new WasmKernels(tf, backend as WasmBackend);
    return run({ inputs: inputs as never, attrs: attrs as never, wasm, replaced });
  };
  const setupFunc = present?.setupFunc;
  return {
    ...{ kernelName, backendName: "wasm", isTrainingKernel: true, kernelFunc },
    ...(setupFunc === undefined ? {} : { setupFunc }),
  };
}
