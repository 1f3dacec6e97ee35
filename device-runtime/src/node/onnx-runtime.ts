import { FedgeError } from "@fedge/protocol";
import { createRequire } from "node:module";
import type { OnnxRuntime } from "../engines/onnx/runtime.js";

export interface NamedRuntime {
  readonly runtime: OnnxRuntime;
  /** Such as `onnxruntime-node@1.30.0`. */
  readonly name: string;
}

/** The native runtime where it is installed and loads, else the WebAssembly one. Throws ENGINE_UNAVAILABLE. */
export async function loadOnnxRuntime(): Promise<NamedRuntime> {
  const failures: string[] = [];
  for (const name of ["onnxruntime-node", "onnxruntime-web"] as const) {
    try {
      return { runtime: await load(name), name: `${name}@${versionOf(name)}` };
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    }
  }
  throw new FedgeError(
    "ENGINE_UNAVAILABLE",
    `no ONNX runtime can be loaded; npm install onnxruntime-node (${failures.join("; ")})`,
  );
}

async function load(name: "onnxruntime-node" | "onnxruntime-web"): Promise<OnnxRuntime> {
  if (name === "onnxruntime-node") return import("onnxruntime-node");
  const web = await import("onnxruntime-web");
  web.env.wasm.numThreads = 1;
  return web;
}

function versionOf(name: string): string {
  const manifest = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
  return manifest.version;
}
