import { FedgeError } from "@fedge/protocol";
import type { Baseline } from "../core/installs/baseline.js";

/**
 * A version that comes with the app, from where the app's own files are. Throws SERVER_UNREACHABLE for a file that is
 * not there.
 */
export async function fetchBaseline(addresses: {
  readonly manifest: string | URL;
  readonly blobs: readonly (string | URL)[];
}): Promise<Baseline> {
  const [manifest, ...blobs] = await Promise.all([addresses.manifest, ...addresses.blobs].map(bytesAt));
  return { manifest: manifest ?? new Uint8Array(), blobs };
}

async function bytesAt(address: string | URL): Promise<Uint8Array> {
  const response = await fetch(address);
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new FedgeError(
    "SERVER_UNREACHABLE",
    `${String(address)} answers ${response.status}; ship the file with the app`,
  );
}
