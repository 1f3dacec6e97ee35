import {
  FedgeError,
  decodeEnvelope,
  desired,
  deviceTopic,
  toWireError,
  type BlobRef,
  type Desired,
  type ErrorCode,
  type InstallReport,
  type ModelName,
} from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import { fullJitterMs } from "../connection/backoff.js";
import type { Connection, TopicHandler } from "../connection/connection.js";
import type { DevicePorts, StopController } from "../ports/ports.js";
import type { Credentials } from "../ports/transport.js";
import type { LoadedModel, ModelHost } from "../serving/model-host.js";
import type { ReleaseTrust, TrustedRelease } from "../trust/release-trust.js";
import { ActiveVersions } from "./active-versions.js";
import { loadVersion } from "./installer.js";
import { removeUnusedBlobs, storedVersion } from "./unused-blobs.js";

export interface UpdatesOptions {
  readonly ports: Pick<DevicePorts, "store" | "blobs" | "serving" | "clock" | "random" | "newStop">;
  readonly connection: Pick<Connection, "send">;
  readonly fetcher: Pick<BlobFetcher, "fetch" | "kept">;
  readonly trust: ReleaseTrust;
  readonly hosts: ReadonlyMap<ModelName, ModelHost>;
  readonly mayReport: () => boolean;
  /** True while a local training needs blobs of another version; nothing is removed then. */
  readonly isBusy: () => boolean;
  /** Manifest of the version that was trained last: the next round needs its graphs again. */
  readonly trained: () => BlobRef | null;
  readonly onVersion: (event: VersionEvent) => void;
  readonly onError: (error: unknown) => void;
}

/** A version begins to serve. */
export interface VersionEvent {
  readonly model: ModelName;
  readonly version: number;
  /** When it was installed, UTC epoch milliseconds; null where that is not known any more. */
  readonly installedAtMs: number | null;
}

type DesiredModel = Desired["models"][number];

interface Goal {
  readonly entry: DesiredModel;
  readonly releaseCounter: number;
}

/** What may be otherwise the next time, with the same version: the line, the disk, an engine that is fetched. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  "DEADLINE_EXCEEDED",
  "TRANSPORT_FAILED",
  "STORAGE_FULL",
  "STORAGE_FAILED",
  "ENGINE_UNAVAILABLE",
  "METADATA_UNAVAILABLE",
  "METADATA_EXPIRED",
  "TARGET_UNKNOWN",
]);

/** Brings what the device serves to what the fleet's operator wants: always the latest, never what lay between. */
export class Updates {
  readonly #active: ActiveVersions;
  readonly #hopeless = new Set<string>();
  #desired: Desired | null = null;
  #installing: { readonly manifest: BlobRef; readonly stop: StopController } | null = null;
  #work: Promise<void> | null = null;
  #numPassingFailures = 0;
  #cancelRetry: () => void = () => undefined;
  #isClosed = false;

  constructor(private readonly options: UpdatesOptions) {
    this.#active = new ActiveVersions(options.ports.store);
  }

  /** Serves what was committed before the last stop, without any network. */
  async restore(): Promise<void> {
    for (const [model, host] of this.options.hosts) {
      const active = await this.#active.get(model);
      if (active === undefined) continue;
      try {
        await host.swap(await this.#load({ model, ...active }, (ref) => this.#kept(ref)));
        const { version, installedAtMs = null } = active;
        this.options.onVersion({ model, version, installedAtMs });
      } catch (error) {
        this.options.onError(error);
      }
    }
  }

  /** Where the desired state of this device is retained. */
  topic({ tenantId, deviceId }: Credentials): TopicHandler {
    return [deviceTopic(tenantId, deviceId, "desired"), (payload) => this.#receive(payload)];
  }

  /** Resolves when nothing is being installed any more. The fetcher must be closed before. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry();
    await this.#work;
  }

  #receive(payload: Uint8Array): void {
    if (payload.byteLength === 0) return;
    const { body } = decodeEnvelope(payload, desired, "desired state");
    void this.options.trust
      .verifyDesired(body)
      .then(() => this.#want(body))
      .catch(this.options.onError);
  }

  #want(body: Desired): void {
    if (this.#desired !== null && body.releaseCounter < this.#desired.releaseCounter) return;
    this.#desired = body;
    this.#leaveSuperseded(body);
    this.#reconcile();
  }

  /** What lies between is not worth the line. */
  #leaveSuperseded({ models }: Desired): void {
    const sha256 = this.#installing?.manifest.sha256;
    if (!models.some(({ manifest }) => manifest.sha256 === sha256)) this.#installing?.stop.abort();
  }

  #reconcile(): void {
    if (this.#work !== null || this.#isClosed) return;
    this.#cancelRetry();
    this.#work = this.#installAll().finally(() => (this.#work = null));
  }

  async #installAll(): Promise<void> {
    for (let goal = this.#next(); goal !== undefined; goal = this.#next()) {
      const isDone = await this.#install(goal);
      if (this.#isClosed) return;
      if (!isDone) return this.#tryLater();
      this.#numPassingFailures = 0;
    }
  }

  #tryLater(): void {
    this.#numPassingFailures += 1;
    const { clock, random } = this.options.ports;
    const delayMs = fullJitterMs(this.#numPassingFailures, random);
    this.#cancelRetry = clock.after(delayMs, () => this.#reconcile());
  }

  /** The first model that differs from the newest desired state and has not failed at it for good. */
  #next(): Goal | undefined {
    const goal = this.#desired;
    const entry = goal?.models.find(({ model, manifest }) => {
      const host = this.options.hosts.get(model);
      const isServed = host?.active?.manifestRef.sha256 === manifest.sha256;
      return host !== undefined && !isServed && !this.#hopeless.has(manifest.sha256);
    });
    return goal === null || entry === undefined ? undefined : { entry, releaseCounter: goal.releaseCounter };
  }

  /** False when the same version may be tried again. */
  async #install(goal: Goal): Promise<boolean> {
    const stop = this.options.ports.newStop();
    this.#installing = { manifest: goal.entry.manifest, stop };
    try {
      const { trust, ports, fetcher } = this.options;
      const release = await trust.accept(goal.entry, ports.clock.nowMs());
      const fetch = (ref: BlobRef): Promise<Uint8Array> => fetcher.fetch(ref, stop.signal);
      await this.#commit(goal, await this.#load(goal.entry, fetch), release);
    } catch (error) {
      return this.#isClosed || stop.signal.aborted ? true : this.#failed(goal, error);
    } finally {
      this.#installing = null;
    }
    return true;
  }

  async #commit(
    { entry, releaseCounter }: Goal,
    loaded: LoadedModel,
    release: TrustedRelease,
  ): Promise<void> {
    const { model, version, manifest } = entry;
    const installedAtMs = this.options.ports.clock.nowMs();
    try {
      // Kept first: what serves after the swap is also what serves after a restart.
      if (!this.#isClosed)
        await this.#active.set(model, { version, manifest, releaseCounter, installedAtMs });
      await this.options.trust.committed(model, release);
    } catch (error) {
      await loaded.session.close();
      throw error;
    }
    if (this.#isClosed) return loaded.session.close();
    const freed = this.options.hosts.get(model)?.swap(loaded).catch(this.options.onError);
    this.options.onVersion({ model, version, installedAtMs });
    this.#report(entry, { releaseCounter, state: "committed" });
    // The version is installed, whatever comes of tidying up.
    await freed;
    await this.#removeUnused(() => !this.options.isBusy());
  }

  /** Deletes what no version needs any more, as after a round. An installation does that itself at its end. */
  tidy(): void {
    const isIdle = (): boolean => this.#work === null && !this.#isClosed && !this.options.isBusy();
    void this.#removeUnused(isIdle);
  }

  async #removeUnused(mayGoOn: () => boolean): Promise<void> {
    if (!mayGoOn()) return;
    const { blobs } = this.options.ports;
    const served = [...this.options.hosts.values()].flatMap(({ active }) => active ?? []);
    try {
      const trained = await storedVersion(blobs, this.options.trained());
      await removeUnusedBlobs(blobs, [...served, ...trained], mayGoOn);
    } catch (error) {
      this.options.onError(error);
    }
  }

  #failed({ entry, releaseCounter }: Goal, error: unknown): boolean {
    this.options.onError(error);
    const { code, message } = toWireError(error);
    const isPassing = PASSING.has(code);
    if (!isPassing) this.#hopeless.add(entry.manifest.sha256);
    if (!isPassing || this.#numPassingFailures === 0) {
      this.#report(entry, { releaseCounter, state: "failed", code, message: message.slice(0, 256) });
    }
    return !isPassing;
  }

  #load(
    wanted: Pick<DesiredModel, "model" | "version" | "manifest">,
    fetch: (ref: BlobRef) => Promise<Uint8Array>,
  ): Promise<LoadedModel> {
    return loadVersion(wanted, { fetch, engine: this.options.ports.serving });
  }

  /** Before the first connection nothing could be fetched, and the app waits for its device. */
  async #kept(ref: BlobRef): Promise<Uint8Array> {
    const bytes = await this.options.fetcher.kept(ref);
    if (bytes !== undefined) return bytes;
    throw new FedgeError("STORAGE_FAILED", `blob ${ref.sha256} of the version in use is lost; it comes anew`);
  }

  /** A report that cannot be sent is not lost: the birth of the next session says what the device serves. */
  #report(
    { model, version, manifest }: DesiredModel,
    outcome: Pick<InstallReport, "releaseCounter" | "state" | "code" | "message">,
  ): void {
    if (!this.options.mayReport()) return;
    const manifestSha256 = manifest.sha256;
    const report: InstallReport = { type: "install", model, version, manifestSha256, ...outcome };
    // Not awaited: a broker that does not acknowledge must delay neither the next version nor the end.
    this.options.connection.send("report", report).catch(this.options.onError);
  }
}
