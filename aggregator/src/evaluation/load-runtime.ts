import type { OnnxRuntime } from "./evaluate.js";

/** The native runtime, or where that optional package is not installed the WASM one, which is slower. */
export async function loadRuntime(): Promise<OnnxRuntime> {
  try {
    return await import("onnxruntime-node");
  } catch {
    // Optional at install: the WASM runtime computes the same.
    return import("onnxruntime-web");
  }
}
