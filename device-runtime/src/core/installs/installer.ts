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
import { hasNoNumber } from "../serving/check-outputs.js";
import type { LoadedModel } from "../serving/model-host.js";

/** Versions that this runtime can read have a manifest that asks for at most this. */
export const RUNTIME_VERSION = "0.1.0";

export interface VersionParts {
  readonly fetch: (ref: BlobRef) => Promise<Uint8Array>;
  readonly engine: ServingEngine;
}

export interface WantedVersion {
  readonly model: ModelName;
  readonly version: number;
  readonly manifest: BlobRef;
}

interface FetchedVersion {
  readonly manifest: ModelManifest;
  readonly program: Uint8Array;
  readonly checkpoint: Uint8Array;
  readonly golden: Uint8Array | null;
}

/**
 * Everything that this engine needs of a version, which `fetch` keeps. Refuses before the large parts are fetched:
 * MODEL_INCOMPATIBLE for a bundle of another model, version or runtime, MANIFEST_INVALID, and what `fetch` throws.
 */
export async function fetchVersion(
  wanted: WantedVersion,
  { fetch, engine }: VersionParts,
): Promise<FetchedVersion> {
  const manifest = decodeManifest(await fetch(wanted.manifest));
  requireSameVersion(manifest, wanted);
  requireRuntime(manifest);
  const program = await fetch(programToServe(manifest, engine.form));
  const checkpoint = await fetch(manifest.checkpoint);
  const golden = manifest.golden === undefined ? null : await fetch(manifest.golden.tensors);
  for (const ref of [manifest.profile, manifest.goldenFeatures]) if (ref !== undefined) await fetch(ref);
  return { manifest, program, checkpoint, golden };
}

/**
 * Fetches a version, loads it beside the one that serves, and tries it. Nothing has changed when it throws: what
 * `fetchVersion` throws, MODEL_GOLDEN_MISMATCH also for an answer that is no number, TENSORS_MALFORMED for a checkpoint
 * that is not what the manifest says, FEATURE_SKEW for a profile that was built by other feature code, and what the engine
 * throws.
 */
export async function loadVersion(wanted: WantedVersion, parts: VersionParts): Promise<LoadedModel> {
  const { manifest, program, checkpoint, golden } = await fetchVersion(wanted, parts);
  const { tensors } = decodeSafetensors(checkpoint);
  requireTensors(manifest.parameters, tensors);
  await requireNoSkew(manifest, parts.fetch);
  const goldenTensors = golden === null ? [] : decodeSafetensors(golden).tensors;
  const session = await parts.engine.load({ manifest, program, tensors });
  try {
    await warm(session, manifest, goldenTensors);
  } catch (error) {
    await session.close();
    throw error;
  }
  return { manifest, manifestRef: wanted.manifest, session };
}

/**
 * Runs a loaded version once more on what it was tried with. Throws MODEL_GOLDEN_MISMATCH, what `fetch` throws, and
 * ENGINE_FAILED.
 */
export async function tryVersion(
  { manifest, session }: LoadedModel,
  fetch: VersionParts["fetch"],
): Promise<void> {
  const { golden } = manifest;
  const tensors = golden === undefined ? [] : decodeSafetensors(await fetch(golden.tensors)).tensors;
  await warm(session, manifest, tensors);
}

export function requireSameVersion(
  manifest: ModelManifest,
  wanted: { readonly model: ModelName; readonly version: number },
): void {
  if (manifest.model === wanted.model && manifest.version === wanted.version) return;
  throw new FedgeError(
    "MODEL_INCOMPATIBLE",
    `the bundle is ${manifest.model} ${manifest.version}; ${wanted.model} ${wanted.version} was announced`,
  );
}

export function requireRuntime({ minRuntimeVersion }: ModelManifest): void {
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

export function requireTensors(specs: readonly TensorShape[], tensors: readonly NamedTensor[]): void {
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

/**
 * Throws FEATURE_SKEW. Without the code that features are made of, as in a page that is out of touch, nothing is made of
 * them either, and the monitor asks again.
 */
async function requireNoSkew(manifest: ModelManifest, fetch: VersionParts["fetch"]): Promise<void> {
  if (manifest.profile === undefined) return;
  const features = await import("../monitor/on-demand.js").catch(() => null);
  await features?.readProfile(manifest, fetch, decodeSafetensors);
}

/** The first run makes the runtime allocate; golden outputs also prove that it computes what the publisher saw. */
async function warm(
  session: ServingSession,
  manifest: ModelManifest,
  golden: readonly NamedTensor[],
): Promise<void> {
  if (manifest.golden === undefined) {
    if (!hasNoNumber(await session.run(zeroInputs(manifest.inputs)))) return;
    throw new FedgeError(
      "MODEL_GOLDEN_MISMATCH",
      "the version answers zeros with what is no number; look for a division by zero",
    );
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
