import { FedgeError } from "@fedge/protocol";
import type { TfjsCore } from "./runtime.js";

export type BackendKind = "tfjs-node" | "webgpu" | "webgl" | "wasm" | "cpu";

/** Fastest first. */
const BY_PREFERENCE: readonly BackendKind[] = ["tfjs-node", "webgpu", "webgl", "wasm", "cpu"];

/** A backend that the platform's entry point offers. */
export interface BackendCandidate {
  readonly kind: BackendKind;
  /** Imports the backend's package, which registers it; rejects where it is not installed. */
  readonly load: () => Promise<unknown>;
}

/** Starts the fastest of the offered backends that loads and runs here. Throws ENGINE_UNAVAILABLE when none does. */
export async function chooseBackend(
  tf: Pick<TfjsCore, "setBackend">,
  candidates: readonly BackendCandidate[],
): Promise<BackendKind> {
  const failures: string[] = [];
  const byPreference = BY_PREFERENCE.flatMap((kind) =>
    candidates.filter((candidate) => candidate.kind === kind),
  );
  for (const { kind, load } of byPreference) {
    try {
      await load();
      if (await tf.setBackend(registeredName(kind))) return kind;
      failures.push(`${kind}: does not start`);
    } catch (error) {
      failures.push(`${kind}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    }
  }
  throw new FedgeError("ENGINE_UNAVAILABLE", `no TensorFlow.js backend runs here (${failures.join("; ")})`);
}

/** The native backend registers itself under the name of its library. */
function registeredName(kind: BackendKind): string {
  return kind === "tfjs-node" ? "tensorflow" : kind;
}
