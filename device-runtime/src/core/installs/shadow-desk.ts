import { toWireError } from "@fedge/protocol";
import { fullJitterMs } from "../connection/backoff.js";
import { PASSING } from "./install-faults.js";
import { loadVersion } from "./installer.js";
import type { ShadowRunner, ShadowRunnerParts, WantedShadow } from "./shadow-runner.js";
import { loadOnDemand } from "../load-on-demand.js";

/** Has the runner of shadows loaded with the first one that is wanted: few devices ever have one. */
export class ShadowDesk {
  #wanted: WantedShadow | null = null;
  #runner: ShadowRunner | null = null;
  #loading: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(
    private readonly parts: Omit<
      ShadowRunnerParts,
      "loadVersion" | "fullJitterMs" | "toWireError" | "passing"
    >,
  ) {}

  /** The manifest of the shadow, whose blobs are needed; null without one. */
  get manifest(): WantedShadow["manifest"] | null {
    return this.#wanted?.manifest ?? null;
  }

  /** Whether a shadow is wanted that has not been loaded yet. */
  get isBusy(): boolean {
    return this.#runner?.isBusy ?? false;
  }

  /** What the operator wants to be compared; null for nothing. Asked again, it tries again what could not be fetched. */
  want(wanted: WantedShadow | null): void {
    this.#wanted = wanted;
    if (this.#runner === null && wanted === null) return;
    this.#loading = this.#loading.then(() => this.#tell()).catch(this.parts.onError);
  }

  /** Resolves when nothing runs any more. The fetcher must be closed before. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#loading;
    await this.#runner?.close();
  }

  async #tell(): Promise<void> {
    const { ShadowRunner } = await loadOnDemand();
    if (this.#isClosed) return;
    const own = { loadVersion, fullJitterMs, toWireError, passing: PASSING };
    this.#runner ??= new ShadowRunner({ ...this.parts, ...own });
    this.#runner.want(this.#wanted);
  }
}
