import { FedgeError, type ElementType } from "@fedge/protocol";
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { TensorValue } from "../../core/ports/engine.js";

/** What `onnxruntime-node` and `onnxruntime-web` both export. */
export interface OnnxRuntime {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

/** One thread: a device has other things to do, and several devices may share a machine. */
export const SESSION_OPTIONS: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  graphOptimizationLevel: "all",
};

/** A session of either runtime. Throws ENGINE_FAILED with the runtime's own reason. */
export async function createSession(
  runtime: OnnxRuntime,
  graph: Uint8Array,
  executionProviders?: readonly string[],
): Promise<InferenceSession> {
  const options = executionProviders === undefined ? {} : { executionProviders };
  try {
    return await runtime.InferenceSession.create(graph, { ...SESSION_OPTIONS, ...options });
  } catch (cause) {
    throw engineFailure("the runtime refuses the graph", cause);
  }
}

export function engineFailure(what: string, cause: unknown): FedgeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FedgeError("ENGINE_FAILED", `${what}: ${reason}`, { cause });
}

/** The value as a tensor that shares its memory. */
export function toTensor(runtime: OnnxRuntime, elementType: ElementType, value: TensorValue): Tensor {
  return new runtime.Tensor(elementType, value.data as Float32Array, value.shape);
}
