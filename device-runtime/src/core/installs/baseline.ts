import { FedgeError, decodeManifest, type BlobRef, type ModelName } from "@fedge/protocol";
import type { ServingEngine } from "../ports/engine.js";
import type { Digest } from "../ports/storage.js";
import type { LoadedModel } from "../serving/model-host.js";
import { loadVersion } from "./installer.js";

/** A version that comes with the app: its manifest, and the blobs that the manifest names, in any order. */
export interface Baseline {
  readonly manifest: Uint8Array;
  readonly blobs: readonly Uint8Array[];
}

/** The version, or how to get it when it is needed. */
export type BaselineSource = Baseline | (() => Promise<Baseline>);

/**
 * The app's version, verified and tried like any other. Throws what the source throws, STORAGE_FAILED for a blob that is
 * missing or other bytes, and what `loadVersion` throws.
 */
export async function loadBaseline(
  model: ModelName,
  source: BaselineSource,
  { digest, engine }: { readonly digest: Digest; readonly engine: ServingEngine },
): Promise<LoadedModel> {
  const { manifest, blobs } = typeof source === "function" ? await source() : source;
  const byHash = new Map<string, Uint8Array>();
  for (const bytes of [manifest, ...blobs]) byHash.set(await digest.sha256(bytes), bytes);
  const fetch = async ({ sha256 }: BlobRef): Promise<Uint8Array> => {
    const bytes = byHash.get(sha256);
    if (bytes !== undefined) return bytes;
    throw new FedgeError(
      "STORAGE_FAILED",
      `the version of "${model}" that came with the app lacks blob ${sha256}; add it`,
    );
  };
  const ref = { sha256: await digest.sha256(manifest), sizeBytes: manifest.byteLength };
  const { version } = decodeManifest(manifest);
  return loadVersion({ model, version, manifest: ref }, { fetch, engine });
}
