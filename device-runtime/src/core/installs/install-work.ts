import { FedgeError, type BlobRef, type ModelName } from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import type { DevicePorts, StopController } from "../ports/ports.js";
import type { LoadedModel } from "../serving/model-host.js";
import type { ReleaseTrust, TrustedRelease } from "../trust/release-trust.js";
import type { InstallGoal } from "./install-state.js";
import { fetchVersion, loadVersion, type WantedVersion } from "./installer.js";

export interface InstallWorkParts {
  readonly model: ModelName;
  readonly ports: Pick<DevicePorts, "serving" | "clock" | "newStop" | "memoryBytes">;
  readonly fetcher: Pick<BlobFetcher, "fetch" | "kept">;
  readonly trust: ReleaseTrust | null;
}

/** What is done for an attempt between its states: asks, fetches, loads. Nothing of it changes what serves. */
export class InstallWork {
  #stop: StopController | null = null;
  #candidate: LoadedModel | null = null;
  #memoryBytesBefore: number | null = null;

  constructor(private readonly parts: InstallWorkParts) {}

  /** What the metadata say of the release; null where nothing is signed. Throws as `ReleaseTrust.accept` does. */
  async accept({ version, manifest, releaseCounter }: InstallGoal): Promise<TrustedRelease | null> {
    const { trust, ports, model } = this.parts;
    const wanted = { model, version, manifest, releaseCounter };
    return (await trust?.accept(wanted, ports.clock.nowMs())) ?? null;
  }

  /** Has everything of the version in the store. Throws as `fetchVersion` and the fetcher do, and CLOSED after `discard`. */
  async download(goal: InstallGoal): Promise<void> {
    await fetchVersion(this.#wanted(goal), { fetch: this.#fetch(), engine: this.parts.ports.serving });
  }

  /** Loads and tries the version; `take` has it afterwards. Throws as `loadVersion` does. */
  async load(goal: InstallGoal): Promise<void> {
    if (this.#candidate !== null) return;
    this.#memoryBytesBefore = this.parts.ports.memoryBytes?.() ?? null;
    const fetch = this.#fetch();
    const stop = this.#stop;
    const loaded = await loadVersion(this.#wanted(goal), { fetch, engine: this.parts.ports.serving });
    if (stop !== this.#stop || stop?.signal.aborted === true) return loaded.session.close();
    this.#candidate = loaded;
  }

  /** A version that was committed, from what is kept: it needs no network. Throws as `loadVersion` does. */
  loadKept(kept: Pick<WantedVersion, "version" | "manifest">): Promise<LoadedModel> {
    return loadVersion(this.#wanted(kept), {
      fetch: (ref) => this.kept(ref),
      engine: this.parts.ports.serving,
    });
  }

  /** Of the process, before the candidate was loaded. */
  get memoryBytesBefore(): number | null {
    return this.#memoryBytesBefore;
  }

  /** What was loaded, to serve; null when it was discarded meanwhile. */
  take(): LoadedModel | null {
    const taken = this.#candidate;
    this.#candidate = null;
    return taken;
  }

  /** Ends what is under way and frees what was loaded. */
  async discard(): Promise<void> {
    this.#stop?.abort();
    this.#stop = null;
    await this.take()?.session.close();
  }

  #wanted({ version, manifest }: Pick<WantedVersion, "version" | "manifest">): WantedVersion {
    return { model: this.parts.model, version, manifest };
  }

  #fetch(): (ref: BlobRef) => Promise<Uint8Array> {
    const stop = (this.#stop ??= this.parts.ports.newStop());
    return (ref) => this.parts.fetcher.fetch(ref, stop.signal);
  }

  /** A blob of a version in use. Throws STORAGE_FAILED when it is lost or damaged. */
  async kept(ref: BlobRef): Promise<Uint8Array> {
    const bytes = await this.parts.fetcher.kept(ref);
    if (bytes !== undefined) return bytes;
    throw new FedgeError("STORAGE_FAILED", `blob ${ref.sha256} of the version in use is lost; it comes anew`);
  }
}
