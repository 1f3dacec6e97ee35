import {
  FedgeError,
  decodeManifest,
  decodeSafetensors,
  type BlobRef,
  type ModelManifest,
  type NamedTensor,
} from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import type { ServingEngine, ServingSession, TensorValue, TensorValues } from "../ports/engine.js";
import { zeroInputs } from "../serving/check-inputs.js";
import type { LoadedModel } from "../serving/model-host.js";

/** Versions that this runtime can read have a manifest that asks for at most this. */
export const RUNTIME_VERSION = "0.1.0";

/** Fetches a version, loads it beside the one that serves, and tries it. Throws what went wrong; nothing changed then. */
export async function loadVersion(
  manifestRef: BlobRef,
  parts: { readonly fetcher: BlobFetcher; readonly engine: ServingEngine },
): Promise<LoadedModel> {
  const manifest = decodeManifest(await parts.fetcher.fetch(manifestRef));
  requireRuntime(manifest);
  const inferGraph = await parts.fetcher.fetch(manifest.graphs.infer);
  const { tensors } = decodeSafetensors(await parts.fetcher.fetch(manifest.checkpoint));
  const golden =
    manifest.golden === undefined
      ? []
      : decodeSafetensors(await parts.fetcher.fetch(manifest.golden.tensors)).tensors;
  const session = await parts.engine.load({ manifest, inferGraph, tensors });
  try {
    await warm(session, manifest, golden);
  } catch (error) {
    await session.close();
    throw error;
  }
  return { manifest, manifestRef, session };
}

function requireRuntime(manifest: ModelManifest): void {
  const numbers = (version: string): number[] => version.split(".").map(Number);
  const [wanted, own] = [numbers(manifest.minRuntimeVersion), numbers(RUNTIME_VERSION)];
  for (let at = 0; at < 3; at += 1) {
    const difference = (own[at] ?? 0) - (wanted[at] ?? 0);
    if (difference > 0) return;
    if (difference < 0) {
      throw new FedgeError(
        "MODEL_INCOMPATIBLE",
        `the version needs runtime ${manifest.minRuntimeVersion}; this is ${RUNTIME_VERSION}`,
      );
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
