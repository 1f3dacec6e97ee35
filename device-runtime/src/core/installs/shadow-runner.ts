import type { DesiredModel, InstallReport, ModelName, toWireError } from "@fedge/protocol";
import type { fullJitterMs } from "../connection/backoff.js";
import type { BlobFetcher } from "../blobs/fetcher.js";
import type { DevicePorts, StopController } from "../ports/ports.js";
import type { LoadedModel, ModelHost } from "../serving/model-host.js";
import type { ReleaseTrust } from "../trust/release-trust.js";
import type { PASSING } from "./install-faults.js";
import type { loadVersion } from "./installer.js";
import { ShadowComparison } from "./shadow-comparison.js";

export type WantedShadow = NonNullable<DesiredModel["shadow"]>;

export interface ShadowRunnerParts {
  readonly model: ModelName;
  readonly ports: Pick<DevicePorts, "serving" | "clock" | "random" | "newStop">;
  readonly fetcher: Pick<BlobFetcher, "fetch">;
  readonly host: ModelHost;
  readonly trust: ReleaseTrust | null;
  readonly onReport: (
    report: Pick<InstallReport, "version" | "manifestSha256" | "rolloutId" | "state" | "code">,
  ) => void;
  readonly onError: (error: unknown) => void;
  /** What the device has anyway is given, not imported here: a bundler would part it from the page's first file. */
  readonly loadVersion: typeof loadVersion;
  readonly fullJitterMs: typeof fullJitterMs;
  readonly toWireError: typeof toWireError;
  readonly passing: typeof PASSING;
}

/**
 * Runs a candidate beside the version that serves, for the same requests: one at a time, begun when the app has its
 * answer. A request that comes while it runs is not compared; what it answers is counted and thrown away.
 */
export class ShadowRunner {
  #wanted: WantedShadow | null = null;
  #stop: StopController | null = null;
  #loaded: LoadedModel | null = null;
  #comparison: ShadowComparison | null = null;
  #loading: Promise<void> = Promise.resolve();
  #cancelRetry: () => void = () => undefined;
  #numFailures = 0;
  #isClosed = false;

  constructor(private readonly parts: ShadowRunnerParts) {}

  /** Whether a shadow is wanted that has not been loaded yet. */
  get isBusy(): boolean {
    return this.#wanted !== null && this.#stop !== null && this.#loaded === null;
  }

  /** What the operator wants to be compared; null for nothing. */
  want(wanted: WantedShadow | null): void {
    if (wanted?.manifest.sha256 === this.#wanted?.manifest.sha256 || this.#isClosed) return;
    this.#end();
    this.#wanted = wanted;
    this.#numFailures = 0;
    if (wanted !== null) this.#load(wanted);
  }

  /** Resolves when nothing runs any more. The fetcher must be closed before. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#end();
    await this.#loading;
    await this.#comparison?.settle();
  }

  #load(wanted: WantedShadow): void {
    const stop = (this.#stop = this.parts.ports.newStop());
    this.#loading = this.#loading
      .then(() => this.#loadOne(wanted, stop))
      .catch((error: unknown) => {
        if (!stop.signal.aborted && !this.#isClosed) this.#failed(wanted, error);
      });
  }

  async #loadOne(wanted: WantedShadow, stop: StopController): Promise<void> {
    const { trust, ports, fetcher, model, host, loadVersion: load } = this.parts;
    const { version, manifest } = wanted;
    if (stop.signal.aborted) return;
    await trust?.accept({ model, version, manifest }, ports.clock.nowMs());
    const fetch: Parameters<typeof loadVersion>[1]["fetch"] = (ref) => fetcher.fetch(ref, stop.signal);
    const loaded = await load({ model, version, manifest }, { fetch, engine: ports.serving });
    if (stop.signal.aborted) return loaded.session.close();
    this.#loaded = loaded;
    host.shadow = this.#comparison = new ShadowComparison(loaded, host);
    this.#report(wanted, "committed");
  }

  #failed(wanted: WantedShadow, error: unknown): void {
    const { ports, onError, passing } = this.parts;
    onError(error);
    const { code } = this.parts.toWireError(error);
    if (!passing.has(code)) {
      this.#stop = null;
      return this.#report(wanted, "failed", code);
    }
    this.#numFailures += 1;
    const delayMs = this.parts.fullJitterMs(this.#numFailures, ports.random);
    this.#cancelRetry = ports.clock.after(delayMs, () => this.#load(wanted));
  }

  #report(wanted: WantedShadow, state: InstallReport["state"], code?: InstallReport["code"]): void {
    const { version, manifest, rolloutId } = wanted;
    const report = { version, manifestSha256: manifest.sha256, rolloutId, state };
    this.parts.onReport(code === undefined ? report : { ...report, code });
  }

  #end(): void {
    this.#cancelRetry();
    this.#stop?.abort();
    this.#stop = null;
    this.#wanted = null;
    this.parts.host.shadow = null;
    this.#loaded?.session.close().catch(this.parts.onError);
    this.#loaded = null;
  }
}
