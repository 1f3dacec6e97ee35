import type { Desired, DesiredModel, ModelName } from "@fedge/protocol";

/** What the signed metadata say of a release that a device may install. */
export interface TrustedRelease {
  /** As the role `targets` signed it. Larger than that of every release before. */
  readonly releaseCounter: number;
  readonly minRuntimeVersion: string;
}

/** A version that the desired state wants, and of which release of the model. */
export type WantedRelease = Pick<DesiredModel, "model" | "version" | "manifest" | "releaseCounter">;

/**
 * Whom the device believes what it should run. Every throw leaves the device as it was: what serves goes on serving.
 *
 * Codes that may pass by themselves: METADATA_UNAVAILABLE, METADATA_EXPIRED (a newer timestamp may come), TARGET_UNKNOWN,
 * DEADLINE_EXCEEDED, TRANSPORT_FAILED, STORAGE_FULL, STORAGE_FAILED. All others are final for the release.
 */
export interface ReleaseTrust {
  /**
   * Follows the signed metadata to the newest that there is, and keeps it. Idempotent; calls at the same time share one.
   *
   * Throws METADATA_UNAVAILABLE, METADATA_EXPIRED, METADATA_ROLLBACK, METADATA_MISMATCH, METADATA_MALFORMED or
   * METADATA_UNSIGNED, or ROOT_UNKNOWN: the server does not have the root that the device trusts.
   */
  refresh(): Promise<void>;
  /**
   * What the device should run, when a key of the role `timestamp` signed it for this device and it is not older than the
   * last one. Called for every document, before anything in it is looked at.
   *
   * Throws RELEASE_UNSIGNED, ROOT_UNKNOWN, RELEASE_OUT_OF_SCOPE (of another device) or RELEASE_ROLLBACK.
   */
  verifyDesired(desired: Desired): Promise<void>;
  /**
   * The release, when the metadata are fresh at `nowMs`, name exactly this manifest, and mean this device. Called before
   * anything of the release is fetched; refreshes by itself when the metadata that are here do not know it.
   *
   * Throws METADATA_*, TARGET_UNKNOWN, RELEASE_ROLLBACK (older than one that was committed), RELEASE_OUT_OF_SCOPE
   * (another tenant or model), RELEASE_OUT_OF_POPULATION or MODEL_INCOMPATIBLE (needs a newer runtime or another engine).
   */
  accept(entry: WantedRelease, nowMs: number): Promise<TrustedRelease>;
  /** The release serves for good: none with a lower counter is accepted any more. Called once it is committed. */
  committed(model: ModelName, release: TrustedRelease): Promise<void>;
  /** Ends what waits, with CLOSED. Idempotent. */
  close(): void;
}
