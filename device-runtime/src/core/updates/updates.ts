import {
  decodeEnvelope,
  desired,
  deviceTopic,
  toWireError,
  type BlobRef,
  type Desired,
  type InstallReport,
  type ModelName,
} from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import type { Connection } from "../connection/connection.js";
import type { DevicePorts } from "../ports/ports.js";
import type { ModelHost } from "../serving/model-host.js";
import { ActiveVersions } from "./active-versions.js";
import { loadVersion } from "./installer.js";

export interface UpdatesOptions {
  readonly ports: Pick<DevicePorts, "store" | "blobs" | "serving" | "clock">;
  readonly connection: Connection;
  readonly fetcher: BlobFetcher;
  readonly hosts: ReadonlyMap<ModelName, ModelHost>;
  readonly mayReport: () => boolean;
  /** True while a local training needs blobs of another version; nothing is removed then. */
  readonly isBusy: () => boolean;
  readonly onVersion: (event: { readonly model: ModelName; readonly version: number }) => void;
  readonly onError: (error: unknown) => void;
}

type DesiredModel = Desired["models"][number];

/** Brings what the device serves to what the fleet's operator wants: always the latest, never what lay between. */
export class Updates {
  readonly #active: ActiveVersions;
  #desired: Desired | null = null;
  #isReconciling = false;
  #isClosed = false;

  constructor(private readonly options: UpdatesOptions) {
    this.#active = new ActiveVersions(options.ports.store);
  }

  /** Serves what was committed before the last stop, without any network. */
  async restore(): Promise<void> {
    for (const [model, host] of this.options.hosts) {
      const active = await this.#active.get(model);
      if (active === undefined || !(await this.options.ports.blobs.has(active.manifest.sha256))) continue;
      try {
        await host.swap(await this.#load(active.manifest));
        this.options.onVersion({ model, version: active.version });
      } catch (error) {
        this.options.onError(error);
      }
    }
  }

  /** Listens for the desired state of this device. */
  async subscribe(): Promise<void> {
    const { credentials } = this.options.connection;
    if (credentials === null) return;
    const topic = deviceTopic(credentials.tenantId, credentials.deviceId, "desired");
    await this.options.connection.listen([[topic, (payload) => this.#receive(payload)]]);
  }

  close(): void {
    this.#isClosed = true;
  }

  #receive(payload: Uint8Array): void {
    if (payload.byteLength === 0) return;
    const { body } = decodeEnvelope(payload, desired, "desired state");
    if (this.#desired !== null && body.releaseCounter < this.#desired.releaseCounter) return;
    this.#desired = body;
    if (!this.#isReconciling) void this.#reconcile();
  }

  async #reconcile(): Promise<void> {
    this.#isReconciling = true;
    try {
      for (let goal = this.#next(); goal !== undefined && !this.#isClosed; goal = this.#next()) {
        await this.#install(goal.entry, goal.releaseCounter);
      }
    } finally {
      this.#isReconciling = false;
    }
  }

  readonly #failed = new Set<string>();

  /** The first model that differs from the newest desired state and has not failed at it. */
  #next(): { entry: DesiredModel; releaseCounter: number } | undefined {
    const goal = this.#desired;
    const entry = goal?.models.find(({ model, manifest }) => {
      const host = this.options.hosts.get(model);
      return (
        host !== undefined &&
        host.active?.manifestRef.sha256 !== manifest.sha256 &&
        !this.#failed.has(manifest.sha256)
      );
    });
    return goal === null || entry === undefined ? undefined : { entry, releaseCounter: goal.releaseCounter };
  }

  async #install(entry: DesiredModel, releaseCounter: number): Promise<void> {
    const { model, version, manifest } = entry;
    try {
      const loaded = await this.#load(manifest);
      if (this.#isClosed) return await loaded.session.close();
      await this.#active.set(model, { version, manifest, releaseCounter });
      await this.options.hosts.get(model)?.swap(loaded);
      this.options.onVersion({ model, version });
      await this.#report(entry, { releaseCounter, state: "committed" });
      await this.#removeUnused();
    } catch (error) {
      this.#failed.add(manifest.sha256);
      this.options.onError(error);
      const { code, message } = toWireError(error);
      await this.#report(entry, { releaseCounter, state: "failed", code, message: message.slice(0, 256) });
    }
  }

  #load(manifest: BlobRef): ReturnType<typeof loadVersion> {
    return loadVersion(manifest, { fetcher: this.options.fetcher, engine: this.options.ports.serving });
  }

  /** A report that cannot be sent is not lost: the birth of the next session says what the device serves. */
  async #report(
    entry: DesiredModel,
    outcome: Pick<InstallReport, "releaseCounter" | "state" | "code" | "message">,
  ): Promise<void> {
    if (!this.options.mayReport()) return;
    const { model, version, manifest } = entry;
    const report: InstallReport = {
      type: "install",
      model,
      version,
      manifestSha256: manifest.sha256,
      ...outcome,
    };
    await this.options.connection.send("report", report).catch(this.options.onError);
  }

  async #removeUnused(): Promise<void> {
    if (this.options.isBusy()) return;
    const needed = new Set<string>();
    for (const host of this.options.hosts.values()) {
      if (host.active === null) continue;
      const { manifest, manifestRef } = host.active;
      for (const ref of [
        manifestRef,
        manifest.checkpoint,
        manifest.golden?.tensors,
        ...Object.values(manifest.graphs),
      ]) {
        if (ref !== undefined) needed.add(ref.sha256);
      }
    }
    for (const sha256 of await this.options.ports.blobs.list()) {
      if (!needed.has(sha256)) await this.options.ports.blobs.delete(sha256);
    }
  }
}
