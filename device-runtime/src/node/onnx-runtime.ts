import { FedgeError } from "@fedge/protocol";
import type { Env } from "onnxruntime-common";
import type { OnnxRuntime } from "../engines/onnx/runtime.js";

/** An ONNX runtime that was found, and what it is called. */
export interface NamedRuntime {
  readonly runtime: OnnxRuntime;
  /** Such as `onnxruntime-node@1.30.0`. */
  readonly name: string;
  readonly engine: RuntimePackage;
}

export type RuntimePackage = "onnxruntime-node" | "onnxruntime-web";

/** The native one is several times faster; the other one is WebAssembly and runs everywhere. */
const BY_PREFERENCE: readonly RuntimePackage[] = ["onnxruntime-node", "onnxruntime-web"];

/** The first ONNX runtime that is installed and loads. Throws ENGINE_UNAVAILABLE when none does. */
export async function loadOnnxRuntime(packages = BY_PREFERENCE): Promise<NamedRuntime> {
  const failures: string[] = [];
  for (const engine of packages) {
    try {
      const runtime = await load(engine);
      return { runtime, name: `${engine}@${versionOf(runtime.env)}`, engine };
    } catch (error) {
      failures.push(`${engine}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    }
  }
  throw new FedgeError(
    "ENGINE_UNAVAILABLE",
    `no ONNX runtime can be loaded; npm install ${packages[0] ?? "onnxruntime-node"} (${failures.join("; ")})`,
  );
}

async function load(name: RuntimePackage): Promise<OnnxRuntime & { readonly env: Env }> {
  if (name === "onnxruntime-node") return import("onnxruntime-node");
  const web = await import("onnxruntime-web");
  web.env.wasm.numThreads = 1;
  return web;
}

function versionOf({ versions }: Env): string {
  return versions.node ?? versions.web ?? versions.common;
}
