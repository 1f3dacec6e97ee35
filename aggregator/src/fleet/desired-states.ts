import {
  FedgeError,
  decodeManifest,
  type Desired,
  type DesiredModel,
  type DeviceId,
  type ModelName,
} from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import type { VersionId } from "../registry/registry-store.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { ServiceEvent } from "../service.js";
import type { ReleaseSigner } from "../signing/release-signer.js";
import type { ControlStore } from "../store/port.js";
import type { BlobPublisher, Releases } from "../tasks/ports.js";
import type { Outbox } from "./outbox.js";
import { servedBlobs } from "./served-blobs.js";

export interface DesiredStatesOptions {
  readonly store: ControlStore;
  readonly blobs: BlobStore;
  readonly publisher: BlobPublisher;
  readonly outbox: Outbox;
  readonly nowMs: () => number;
  readonly emit: (event: ServiceEvent) => void;
  readonly signer: ReleaseSigner;
  /** Keeps who signed a version for devices, where nobody had before. */
  readonly noteSigner: (version: VersionId, keyId: string) => Promise<void>;
}

/** One model's entry in a device's document, with the counter by which entries are told newer from older. */
export type WantedModel = DesiredModel & { readonly releaseCounter: number };

/** Documents published at once. */
const PUBLISHED_AT_ONCE = 200;

/**
 * What each device should run: the fleet's release of every model, unless a rollout told it something newer. Each is one
 * retained document, published when it changes. The counter of a device's document never falls, because neither releases
 * nor rollouts ever give out a counter twice.
 */
export class DesiredStates implements Releases {
  readonly #fleet = new Map<ModelName, WantedModel>();
  readonly #overrides = new Map<DeviceId, Map<ModelName, WantedModel>>();
  /** What each device was told, so that a birth does not publish the same document again. */
  readonly #told = new Map<DeviceId, string>();
  readonly #listeners = new Set<(model: ModelName, releaseCounter: number) => void>();

  constructor(private readonly options: DesiredStatesOptions) {}

  /** Takes up the newest releases after a start and makes their blobs reachable. */
  async load(): Promise<void> {
    for (const { model, version, releaseCounter } of await this.options.store.currentReleases())
      this.#fleet.set(
        model,
        await this.prepare({ model, version, releaseCounter, owner: `release/${model}` }),
      );
  }

  /** Is called with every release of the whole fleet, before a device is told of it. */
  onFleetRelease(listener: (model: ModelName, releaseCounter: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async release(model: ModelName, version: VersionRecord): Promise<void> {
    const release = await this.options.store.release(model, version.version, this.options.nowMs());
    this.options.emit({ type: "released", release });
    await this.adopt(model, version.version, release.releaseCounter);
    for (const listener of this.#listeners) listener(model, release.releaseCounter);
    await this.tellEveryone();
  }

  /** A release that is recorded already becomes the whole fleet's, unless a newer one is. */
  async adopt(model: ModelName, version: number, releaseCounter: number): Promise<void> {
    if ((this.#fleet.get(model)?.releaseCounter ?? 0) >= releaseCounter) return;
    this.#fleet.set(model, await this.prepare({ model, version, releaseCounter, owner: `release/${model}` }));
  }

  /** The version that devices without a rollout run; null where the model has none. */
  fleetVersion(model: ModelName): number | null {
    return this.#fleet.get(model)?.version ?? null;
  }

  /**
   * Makes a release's blobs reachable in the name of `owner` and its target known, and gives the entry for documents.
   * Throws VERSION_UNKNOWN.
   */
  async prepare(release: {
    readonly model: ModelName;
    readonly version: number;
    readonly releaseCounter: number;
    readonly owner: string;
  }): Promise<WantedModel> {
    const { model, version, releaseCounter, owner } = release;
    const record = await this.options.store.getVersion(model, version);
    if (record === undefined)
      throw new FedgeError("VERSION_UNKNOWN", `model ${model} has no version ${version}; list its versions`);
    const { manifest: manifestRef } = record;
    const manifest = decodeManifest(await this.options.blobs.get(manifestRef.sha256));
    await this.options.publisher.hold(owner, servedBlobs(manifestRef, manifest));
    // Before any device is told: it believes in no version that is not among the signed targets.
    const keyId = await this.options.signer.signRelease({ manifest, manifestRef, releaseCounter });
    if (record.provenance.signer === null) await this.options.noteSigner({ model, version }, keyId);
    return { model, version, manifest: manifestRef, releaseCounter };
  }

  /** Nobody is told of it by a rollout any more. */
  releaseBlobs(owner: string): void {
    this.options.publisher.release(owner);
  }

  /** Notes what a rollout wants of a device; an older release than the one noted changes nothing. */
  override(deviceId: DeviceId, wanted: WantedModel): void {
    const models = this.#overrides.get(deviceId) ?? new Map<ModelName, WantedModel>();
    const before = models.get(wanted.model);
    if (before !== undefined && before.releaseCounter > wanted.releaseCounter) return;
    this.#overrides.set(deviceId, models.set(wanted.model, wanted));
  }

  /** The entry that counts for the device and model. */
  wantedOf(deviceId: DeviceId, model: ModelName): WantedModel | undefined {
    const fleet = this.#fleet.get(model);
    const override = this.#overrides.get(deviceId)?.get(model);
    if (override === undefined || fleet === undefined) return override ?? fleet;
    return override.releaseCounter >= fleet.releaseCounter ? override : fleet;
  }

  /** Says every device's desired state again: a broker that restarted has lost what it retained. */
  async tellAgain(): Promise<void> {
    this.#told.clear();
    await this.tellEveryone();
  }

  /** Tells every device that does not have its newest desired state. */
  async tellEveryone(): Promise<void> {
    const devices = await this.options.store.listDevices();
    const active = devices.filter((device) => device.decommissionedAtMs === null);
    await this.tellAll(active.map(({ deviceId }) => deviceId));
  }

  async tellAll(devices: readonly DeviceId[]): Promise<void> {
    for (let at = 0; at < devices.length; at += PUBLISHED_AT_ONCE)
      await Promise.all(devices.slice(at, at + PUBLISHED_AT_ONCE).map((deviceId) => this.tell(deviceId)));
  }

  /** Publishes the newest desired state for one device, unless it has it. */
  async tell(deviceId: DeviceId): Promise<void> {
    const desired = this.desiredOf(deviceId);
    if (desired === null) return;
    const text = JSON.stringify(desired);
    if (this.#told.get(deviceId) === text) return;
    this.#told.set(deviceId, text);
    try {
      const signed = await this.options.signer.signDesired(desired);
      // While it was signed, something newer may have been said.
      if (this.#told.get(deviceId) !== text) return;
      await this.options.outbox.sendTo(deviceId, "desired", signed, { retain: true });
    } catch (error) {
      // Whoever tries again has something to say.
      if (this.#told.get(deviceId) === text) this.#told.delete(deviceId);
      throw error;
    }
  }

  /** The device's document; null while nothing is released. */
  desiredOf(deviceId: DeviceId): Desired | null {
    const names = new Set([...this.#fleet.keys(), ...(this.#overrides.get(deviceId)?.keys() ?? [])]);
    const models = [...names].sort().flatMap((model) => this.wantedOf(deviceId, model) ?? []);
    if (models.length === 0) return null;
    const releaseCounter = Math.max(...models.map((entry) => entry.releaseCounter));
    return { type: "desired", releaseCounter, deviceId, models };
  }

  /** Takes back what the broker keeps for a device that is gone for good. */
  async forget(deviceId: DeviceId): Promise<void> {
    this.#told.delete(deviceId);
    this.#overrides.delete(deviceId);
    await this.options.outbox.clear(deviceId, "desired");
    await this.options.outbox.clear(deviceId, "state");
  }
}
