import { FedgeError } from "@fedge/protocol";
import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import { chooseBackend, type BackendCandidate } from "../engines/tfjs/choose-backend.js";
import type { TfjsRuntime } from "../engines/tfjs/runtime.js";

/** TensorFlow.js with a backend that runs, and what it is called. */
export interface NamedTfjsRuntime {
  readonly runtime: TfjsRuntime;
  /** Such as `tfjs-wasm@4.22.0`. */
  readonly name: string;
}

/** In a variable, because the package need not be installed when this is compiled or bundled. */
const NATIVE_PACKAGE = "@tensorflow/tfjs-node";

/** The backends of Node: native where `@tensorflow/tfjs-node` is installed, else WebAssembly, else JavaScript. */
export const NODE_BACKENDS: readonly BackendCandidate[] = [
  { kind: "tfjs-node", load: () => import(NATIVE_PACKAGE) },
  { kind: "wasm", load: loadWasm },
  { kind: "cpu", load: () => import("@tensorflow/tfjs-backend-cpu") },
];

/** TensorFlow.js on the first backend that loads. Throws ENGINE_UNAVAILABLE when none does. */
export async function loadTfjsRuntime(backends = NODE_BACKENDS): Promise<NamedTfjsRuntime> {
  const runtime = await importParts();
  const kind = await chooseBackend(runtime.core, backends);
  return { runtime, name: `tfjs-${kind}@${runtime.core.version_core}` };
}

async function importParts(): Promise<TfjsRuntime> {
  try {
    const [core, layers] = await Promise.all([
      import("@tensorflow/tfjs-core"),
      import("@tensorflow/tfjs-layers"),
    ]);
    return { core, layers };
  } catch (cause) {
    throw new FedgeError("ENGINE_UNAVAILABLE", "TensorFlow.js is not installed", { cause });
  }
}

async function loadWasm(): Promise<void> {
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  const main = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(dirname(main) + sep);
}
