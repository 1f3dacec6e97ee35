import {
  decodeManifest,
  type BlobRef,
  type Desired,
  type DeviceId,
  type ModelManifest,
  type ModelName,
} from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { ServiceEvent } from "../service.js";
import type { ControlStore } from "../store/port.js";
import type { BlobPublisher, Releases } from "../tasks/ports.js";
import type { ReleaseSigner } from "../signing/release-signer.js";
import type { Outbox } from "./outbox.js";

export interface FleetReleasesOptions {
  readonly store: ControlStore;
  readonly blobs: BlobStore;
  readonly publisher: BlobPublisher;
  readonly outbox: Outbox;
  readonly signer: ReleaseSigner;
  readonly nowMs: () => number;
  readonly emit: (event: ServiceEvent) => void;
}

/** The fleet's desired state: one retained document for every device, which the device reconciles towards. */
export class FleetReleases implements Releases {
  #desired: Desired | null = null;
  /** What each device was told, so that a birth does not publish the same document again. */
  readonly #told = new Map<DeviceId, number>();

  constructor(private readonly options: FleetReleasesOptions) {}

  /** Takes up the newest releases after a start and makes their blobs reachable. */
  async load(): Promise<void> {
    const releases = await this.options.store.currentReleases();
    for (const release of releases) {
      const version = await this.options.store.getVersion(release.model, release.version);
      if (version !== undefined) await this.#add(release.model, version, release.releaseCounter);
    }
  }

  /** Says every device's desired state again: a broker that restarted has lost what it retained. */
  async tellAgain(): Promise<void> {
    this.#told.clear();
    const devices = await this.options.store.listDevices();
    await Promise.all(devices.map(({ deviceId }) => this.tell(deviceId)));
  }

  async release(model: ModelName, version: VersionRecord): Promise<void> {
    const release = await this.options.store.release(model, version.version, this.options.nowMs());
    await this.#add(model, version, release.releaseCounter);
    this.options.emit({ type: "released", release });
    await this.tellAgain();
  }

  /** Publishes the newest desired state for one device, unless it has it. */
  async tell(deviceId: DeviceId): Promise<void> {
    const desired = this.#desired;
    if (desired === null || this.#told.get(deviceId) === desired.releaseCounter) return;
    this.#told.set(deviceId, desired.releaseCounter);
    const signed = await this.options.signer.signDesired({ ...desired, deviceId });
    await this.options.outbox.sendTo(deviceId, "desired", signed, { retain: true });
  }

  /** Takes back what the broker keeps for a device that is gone for good. */
  async forget(deviceId: DeviceId): Promise<void> {
    this.#told.delete(deviceId);
    await this.options.outbox.clear(deviceId, "desired");
    await this.options.outbox.clear(deviceId, "state");
  }

  async #add(model: ModelName, version: VersionRecord, releaseCounter: number): Promise<void> {
    const manifest = decodeManifest(await this.options.blobs.get(version.manifest.sha256));
    await this.options.publisher.hold(`release/${model}`, servedBlobs(version, manifest));
    // Before any device is told: it believes in no version that is not among the signed targets.
    await this.options.signer.signRelease({ manifest, manifestRef: version.manifest, releaseCounter });
    const others = this.#desired?.models.filter((entry) => entry.model !== model) ?? [];
    const entry = { model, version: version.version, manifest: version.manifest };
    const counter = Math.max(releaseCounter, this.#desired?.releaseCounter ?? 0);
    this.#desired = { type: "desired", releaseCounter: counter, models: [...others, entry] };
  }
}

function servedBlobs(version: VersionRecord, manifest: ModelManifest): BlobRef[] {
  const golden = manifest.golden === undefined ? [] : [manifest.golden.tensors];
  const { infer, layers } = manifest.graphs;
  const graphs = layers === undefined ? [infer] : [infer, layers];
  return [version.manifest, manifest.checkpoint, ...graphs, ...golden];
}
