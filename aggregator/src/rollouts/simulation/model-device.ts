import type { DeviceId, InstallReport, ModelName, Random } from "@fedge/protocol";
import type { WantedModel } from "../../fleet/desired-states.js";

/** What becomes of a version on this device. */
export type Outcome = "commits" | "fails" | "rolls-back" | "rejects";

const PATH = ["downloading", "verifying", "staged", "activating", "probation"] as const;

/** A device as the rollout sees it: the states of an installation, durable before each step, and nothing else. */
export class ModelDevice {
  isOnline = true;
  /** The version that serves, and the counter of the release that brought it. */
  serving = { version: 1, releaseCounter: 0 };
  /** What served at any time; the invariants look at it. */
  readonly served: { readonly version: number; readonly releaseCounter: number }[] = [];
  #wanted: WantedModel | null = null;
  #at = -1;
  #step = 0;
  #last: InstallReport | null = null;
  #before = this.serving;

  constructor(
    readonly deviceId: DeviceId,
    private readonly model: ModelName,
    private readonly outcomeOf: (version: number) => Outcome,
  ) {}

  get isBusy(): boolean {
    return this.#at >= 0;
  }

  /** Takes a document: a newer release, or a newer attempt at the same one, supersedes what is under way. */
  want(wanted: WantedModel): void {
    const now = this.#wanted;
    const isNewer = now === null || wanted.releaseCounter > now.releaseCounter;
    const isAgain =
      wanted.releaseCounter === now?.releaseCounter && (wanted.attempt ?? 1) > (now.attempt ?? 1);
    if (!isNewer && !isAgain) return;
    if (this.#at >= PATH.indexOf("activating")) this.serving = this.#before;
    this.#wanted = wanted;
    this.#step = 0;
    this.#at = 0;
  }

  /** One step further; the report, or null when there is nothing to do. */
  advance(): InstallReport | null {
    const wanted = this.#wanted;
    if (wanted === null || this.#at < 0) return null;
    const state = PATH[this.#at];
    if (wanted.version === this.serving.version) return this.#commit(wanted);
    if (state === undefined) return this.#end(wanted);
    if (state === "verifying" && this.outcomeOf(wanted.version) === "rejects")
      return this.#stop(wanted, "rejected");
    if (state === "staged" && this.outcomeOf(wanted.version) === "fails") return this.#stop(wanted, "failed");
    if (state === "activating") this.#before = this.serving;
    if (state === "probation") this.#serve(wanted);
    this.#at += 1;
    return this.#report(wanted, state);
  }

  /** Says its newest report again: a new session of the server, or of its own, asks for it. */
  again(): InstallReport | null {
    return this.#last;
  }

  /** A kill loses nothing that was reported: an installation goes on where it was, or begins again before it had begun. */
  kill(random: Random): void {
    if (this.#at > 0 && this.#at < PATH.indexOf("activating")) this.#at = random.below(this.#at + 1);
  }

  #end(wanted: WantedModel): InstallReport {
    if (this.outcomeOf(wanted.version) !== "rolls-back") return this.#commit(wanted);
    this.serving = this.#before;
    return this.#stop(wanted, "rolled-back");
  }

  #commit(wanted: WantedModel): InstallReport {
    this.#serve(wanted);
    return this.#stop(wanted, "committed");
  }

  #serve({ version, releaseCounter }: WantedModel): void {
    this.serving = { version, releaseCounter };
    this.served.push(this.serving);
  }

  #stop(wanted: WantedModel, state: InstallReport["state"]): InstallReport {
    this.#at = -1;
    return this.#report(wanted, state);
  }

  #report(wanted: WantedModel, state: InstallReport["state"]): InstallReport {
    const { version, manifest, releaseCounter, rolloutId = null, attempt = 1 } = wanted;
    const step = (this.#step += 1);
    const head = { type: "install", model: this.model, version, manifestSha256: manifest.sha256 } as const;
    this.#last = { ...head, releaseCounter, rolloutId, attempt, step, state };
    return this.#last;
  }
}
