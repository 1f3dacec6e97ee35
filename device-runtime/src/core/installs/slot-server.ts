import { FedgeError, type ModelName } from "@fedge/protocol";
import type { DevicePorts } from "../ports/ports.js";
import type { LoadedModel, ModelHost, ServedModel } from "../serving/model-host.js";
import type { ServingCounters } from "../serving/serving-counters.js";
import { loadBaseline, type BaselineSource } from "./baseline.js";
import { versionIn, type InstallRecord, type SlotVersion } from "./install-state.js";
import type { InstallWork } from "./install-work.js";
import { tryVersion } from "./installer.js";

export interface SlotServerParts {
  readonly model: ModelName;
  readonly ports: Pick<DevicePorts, "serving" | "digest">;
  readonly host: ModelHost;
  readonly counters: ServingCounters;
  readonly work: InstallWork;
  readonly baseline: BaselineSource | null;
  /** A version begins to serve; null for the time where it is not known, or the version came with the app. */
  readonly onVersion: (event: { readonly version: number; readonly installedAtMs: number | null }) => void;
  readonly onError: (error: unknown) => void;
}

/** Lets a model's host serve what the slots say. */
export class SlotServer {
  #isClosed = false;

  constructor(private readonly parts: SlotServerParts) {}

  /**
   * At the start: the active slot's version, and where that cannot be loaded, what came with the app. Resolves with the
   * error of a version that cannot be loaded; null when all is well.
   */
  async serveKept({ slots, attempt }: InstallRecord): Promise<unknown> {
    const slot = versionIn(slots, slots.active);
    if (slot === null) {
      await this.serveBase();
      return null;
    }
    try {
      await this.#serve(await this.parts.work.loadKept(slot), slot, attempt?.state === "probation");
      return null;
    } catch (error) {
      await this.serveBase();
      return error;
    }
  }

  /** The version that the work has loaded, on trial. Throws CLOSED when it was discarded meanwhile. */
  async serveCandidate({ slots }: InstallRecord): Promise<void> {
    const loaded = this.parts.work.take();
    if (loaded === null) throw new FedgeError("CLOSED", "the version to serve was discarded");
    await this.#serve(loaded, versionIn(slots, slots.active), true);
  }

  /**
   * The active slot's version serves again: at once where it is still loaded, and then it is tried anew. Throws what
   * `loadVersion` throws; then it does not work any more.
   */
  async restore({ slots }: InstallRecord): Promise<void> {
    const { host, work, onError } = this.parts;
    await work.discard();
    const slot = versionIn(slots, slots.active);
    if (slots.active !== "base" && slot === null)
      throw new FedgeError("STORAGE_FAILED", "the version before is not in its slot; it cannot come back");
    if (slot === null && host.before === null) return this.serveBase();
    if (isServed(host.active, slot)) return;
    if (host.before !== null) {
      host.revert().catch(onError);
      this.#resumed(host.active, slot);
      return this.#tryAgain(host.active);
    }
    if (slot !== null) await this.#serve(await work.loadKept(slot), slot, false);
  }

  /** What came with the app, if anything did and it works; otherwise nothing serves. */
  async serveBase(): Promise<void> {
    const { baseline, model, ports, host, onError } = this.parts;
    try {
      if (baseline === null) return await host.clear();
      const { digest, serving: engine } = ports;
      await this.#serve(await loadBaseline(model, baseline, { digest, engine }), null, false);
    } catch (error) {
      onError(error);
      await host.clear();
    }
  }

  /** Nothing begins to serve any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** The host changes at once; what it frees may take as long as the requests that are under way. */
  async #serve(loaded: LoadedModel, slot: SlotVersion | null, isOnTrial: boolean): Promise<void> {
    const { host, counters, model, onError } = this.parts;
    const { version } = loaded.manifest;
    const { releaseCounter = 0, installation = 0, installedAtMs = null } = slot ?? {};
    const counter = await counters.begin({ model, version, releaseCounter, installation });
    if (this.#isClosed) return loaded.session.close();
    const served: ServedModel = { ...loaded, counter, releaseCounter };
    (isOnTrial ? host.try(served) : host.swap(served)).catch(onError);
    this.parts.onVersion({ version, installedAtMs });
  }

  #resumed(served: ServedModel | null, slot: SlotVersion | null): void {
    if (served === null) return;
    if (served.counter !== undefined) this.parts.counters.resume(served.counter);
    this.parts.onVersion({ version: served.manifest.version, installedAtMs: slot?.installedAtMs ?? null });
  }

  /** A version that came with the app has no golden tensors in the store; it was tried when it was loaded. */
  async #tryAgain(served: ServedModel | null): Promise<void> {
    if (served === null || served.counter?.counted.installation === 0) return;
    await tryVersion(served, (ref) => this.parts.work.kept(ref));
  }
}

function isServed(served: ServedModel | null, slot: SlotVersion | null): boolean {
  return served !== null && slot !== null && served.manifestRef.sha256 === slot.manifest.sha256;
}
