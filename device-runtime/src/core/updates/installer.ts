import {
  FedgeError,
  decodeManifest,
  decodeSafetensors,
  type BlobRef,
  type ModelManifest,
  type ModelName,
  type NamedTensor,
  type TensorShape,
} from "@fedge/protocol";
import type { ServingEngine, ServingSession, TensorValue, TensorValues } from "../ports/engine.js";
import { programToServe } from "../serving/programs.js";
import { zeroInputs } from "../serving/check-inputs.js";
import type { LoadedModel } from "../serving/model-host.js";

/** Versions that this runtime can read have a manifest that asks for at most this. */
export const RUNTIME_VERSION = "0.1.0";

export interface VersionParts {
  readonly fetch: (ref: BlobRef) => Promise<Uint8Array>;
  readonly engine: ServingEngine;
}

/**
 * Fetches a version, loads it beside the one that serves, and tries it. Nothing has changed when it throws:
 * MODEL_INCOMPATIBLE for a bundle of another model, version or runtime, MODEL_GOLDEN_MISMATCH, TENSORS_MALFORMED for
 * a checkpoint that is not what the manifest says, and what `fetch` and the engine throw.
 */
export async function loadVersion(
  wanted: { readonly model: ModelName; readonly version: number; readonly manifest: BlobRef },
  { fetch, engine }: VersionParts,
): Promise<LoadedModel> {
  const manifest = decodeManifest(await fetch(wanted.manifest));
  requireSameVersion(manifest, wanted);
  requireRuntime(manifest);
  const program = await fetch(programToServe(manifest, engine.form));
  const { tensors } = decodeSafetensors(await fetch(manifest.checkpoint));
  requireTensors(manifest.parameters, tensors);
  const golden =
    manifest.golden === undefined ? [] : decodeSafetensors(await fetch(manifest.golden.tensors)).tensors;
  const session = await engine.load({ manifest, program, tensors });
  try {
    await warm(session, manifest, golden);
  } catch (error) {
    await session.close();
    throw error;
  }
  return { manifest, manifestRef: wanted.manifest, session };
}

function requireSameVersion(
  manifest: ModelManifest,
  wanted: { readonly model: ModelName; readonly version: number },
): void {
  if (manifest.model === wanted.model && manifest.version === wanted.version) return;
  throw new FedgeError(
    "MODEL_INCOMPATIBLE",
    `the bundle is ${manifest.model} ${manifest.version}; ${wanted.model} ${wanted.version} was announced`,
  );
}

function requireRuntime({ minRuntimeVersion }: ModelManifest): void {
  const numbers = (version: string): number[] => version.split(".").map(Number);
  const [wanted, own] = [numbers(minRuntimeVersion), numbers(RUNTIME_VERSION)];
  for (let at = 0; at < 3; at += 1) {
    const difference = (own[at] ?? 0) - (wanted[at] ?? 0);
    if (difference > 0) return;
    // A version that is no number is newer than everything that this runtime knows.
    if (!(difference >= 0)) {
      throw new FedgeError(
        "MODEL_INCOMPATIBLE",
        `the version needs runtime ${minRuntimeVersion}; this is ${RUNTIME_VERSION}`,
      );
    }
  }
}

function requireTensors(specs: readonly TensorShape[], tensors: readonly NamedTensor[]): void {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  for (const { name, elementType, shape } of specs) {
    const found = byName.get(name);
    const isSame = found?.elementType === elementType && found.shape.join() === shape.join();
    if (!isSame) {
      const wanted = `${elementType} [${shape.join(", ")}]`;
      throw new FedgeError("TENSORS_MALFORMED", `the checkpoint has no ${wanted} tensor "${name}"`);
    }
  }
}

/** The first run makes the runtime allocate; golden outputs also prove that it computes what the publisher saw. */
async function warm(
  session: ServingSession,
  manifest: ModelManifest,
  golden: readonly NamedTensor[],
): Promise<void> {
  if (manifest.golden === undefined) {
    await session.run(zeroInputs(manifest.inputs));
    return;
  }
  const outputs = await session.run(goldenValues(golden, "inputs/"));
  const expected = goldenValues(golden, "outputs/");
  if (Object.keys(expected).length === 0) {
    throw new FedgeError("MODEL_GOLDEN_MISMATCH", "the golden tensors of the version have no outputs");
  }
  for (const [name, value] of Object.entries(expected)) {
    if (!isClose(outputs[name], value, manifest.golden.tolerance)) {
      throw new FedgeError(
        "MODEL_GOLDEN_MISMATCH",
        `output "${name}" differs from the golden one of the version`,
      );
    }
  }
}

function goldenValues(tensors: readonly NamedTensor[], prefix: string): TensorValues {
  const entries = tensors
    .filter((tensor) => tensor.name.startsWith(prefix))
    .map(({ name, shape, data }) => [name.slice(prefix.length), { shape, data }] as const);
  return Object.fromEntries(entries);
}

function isClose(actual: TensorValue | undefined, expected: TensorValue, tolerance: number): boolean {
  if (actual === undefined || actual.data.length !== expected.data.length) return false;
  for (let at = 0; at < expected.data.length; at += 1) {
    if (!(Math.abs(Number(actual.data[at]) - Number(expected.data[at])) <= tolerance)) return false;
  }
  return true;
}
