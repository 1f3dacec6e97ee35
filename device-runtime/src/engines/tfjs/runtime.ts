import { FedgeError } from "@fedge/protocol";
import type * as core from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";

export type TfjsCore = typeof core;
export type TfjsLayers = typeof layers;

/** The two parts of TensorFlow.js that the engine needs; its backends are the platform's choice. */
export interface TfjsRuntime {
  readonly core: TfjsCore;
  readonly layers: TfjsLayers;
}

export function engineFailure(what: string, cause: unknown): FedgeError {
  if (cause instanceof FedgeError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FedgeError("ENGINE_FAILED", `${what}: ${reason}`, { cause });
}
