import { FedgeError, type ModelName } from "@fedge/protocol";
import type { TaskPorts } from "./ports.js";
import { loadVersion, type LoadedVersion } from "./version-maker.js";

/** The version that a round trains; null means the newest. Throws VERSION_UNKNOWN. */
export async function loadBase(
  { store, blobs }: Pick<TaskPorts, "store" | "blobs">,
  model: ModelName,
  version: number | null,
): Promise<LoadedVersion> {
  const record = version === null ? await store.latestVersion(model) : await store.getVersion(model, version);
  if (record === undefined)
    throw new FedgeError("VERSION_UNKNOWN", `model "${model}" has no version; import it first`);
  return loadVersion(blobs, record);
}
