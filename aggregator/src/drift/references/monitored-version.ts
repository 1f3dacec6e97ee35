import { decodeProfile, layoutDocument, layoutOf, maxCellOf } from "@fedge/protocol/profile";
import type { ReferenceProfile, VectorLayout } from "@fedge/protocol/profile";
import { decodeManifest, errorCodeOf, FedgeError, type ModelName } from "@fedge/protocol";
import { sha256Of } from "../../blobs/blob-name.js";
import type { BlobStore } from "../../blobs/port.js";
import type { ControlStore } from "../../store/port.js";

/** A version whose bundle has a reference profile. */
export interface MonitoredVersion {
  readonly model: ModelName;
  readonly version: number;
  readonly profile: ReferenceProfile;
  readonly layout: VectorLayout;
  /** Upper bound of a cell of one device's vector. */
  readonly maxCell: number;
  readonly createdAtMs: number;
}

/** What is needed of a profile to take vectors of its layout. Throws PROFILE_INVALID when its layout hash is of another. */
export function monitoredVersion(
  { model, version }: { readonly model: ModelName; readonly version: number },
  profile: ReferenceProfile,
  createdAtMs: number,
): MonitoredVersion {
  if (sha256Of(layoutDocument(profile)) !== profile.layoutSha256)
    throw new FedgeError(
      "PROFILE_INVALID",
      `the profile of ${model}@${version} names a layout hash that is not its own; build the profile again`,
    );
  const [layout, maxCell] = [layoutOf(profile), maxCellOf(profile)];
  return { model, version, profile, layout, maxCell, createdAtMs };
}

/** Versions that are monitored, read once each: they are immutable. */
export class MonitoredVersions {
  readonly #known = new Map<string, Promise<MonitoredVersion | null>>();

  constructor(
    private readonly parts: {
      readonly store: Pick<ControlStore, "getVersion">;
      readonly blobs: Pick<BlobStore, "get">;
    },
  ) {}

  /** Null for a version that does not exist, has no profile, or one of an older release, which is not counted any more. */
  of(model: ModelName, version: number): Promise<MonitoredVersion | null> {
    const key = `${model}@${version}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const reading = this.#read(model, version);
    this.#known.set(key, reading);
    // A version that is not there may still come, and a store may answer again.
    reading.then(
      (found) => found === null && this.#known.delete(key),
      () => this.#known.delete(key),
    );
    return reading;
  }

  async #read(model: ModelName, version: number): Promise<MonitoredVersion | null> {
    const record = await this.parts.store.getVersion(model, version);
    if (record === undefined) return null;
    const manifest = decodeManifest(await this.parts.blobs.get(record.manifest.sha256));
    if (manifest.profile === undefined) return null;
    const bytes = await this.parts.blobs.get(manifest.profile.sha256);
    try {
      return monitoredVersion({ model, version }, decodeProfile(bytes), record.createdAtMs);
    } catch (error) {
      // What an older release took, and this one does not count: the server and what is monitored go on without it.
      if (errorCodeOf(error) === "PROFILE_INVALID") return null;
      throw error;
    }
  }
}
