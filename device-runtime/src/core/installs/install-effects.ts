import type { InstallEffect, InstallEvent, InstallGoal, InstallRecord, Token } from "./install-state.js";
import type { InstallWork } from "./install-work.js";
import type { ModelInstallerParts } from "./model-installer-parts.js";
import { MIN_LATENCIES } from "./probation.js";
import type { SlotServer } from "./slot-server.js";

/** Effects that take their time, and whose outcome is an event, or nothing. */
export type LongEffect = Exclude<InstallEffect, "proceed" | "watch" | "retry" | "reconsider" | "refuse">;

type Outcome = InstallEvent | undefined;

/** Does what the machine of one model asks for. */
export class InstallEffects {
  constructor(
    private readonly parts: Pick<
      ModelInstallerParts,
      "model" | "host" | "counters" | "trust" | "onSettled" | "onError"
    >,
    private readonly work: InstallWork,
    private readonly server: SlotServer,
  ) {}

  /** What came of it, for the state that the token names. Throws what the work and the server throw. */
  async run(effect: LongEffect, record: InstallRecord, token: Token): Promise<Outcome> {
    const goal = record.attempt?.goal;
    if (goal === undefined) return undefined;
    switch (effect) {
      case "accept":
        return { type: "accepted", token, release: await this.work.accept(goal) };
      case "download":
        await this.work.download(goal);
        return { type: "downloaded", token };
      case "verify":
        await this.work.load(goal);
        return { type: "verified", token };
      case "load":
        return this.#load(goal, token);
      case "restore":
        await this.server.restore(record);
        return { type: "restored", token };
      case "serve":
        return done(this.server.serveCandidate(record));
      case "restore-base":
        return done(this.server.serveBase());
      case "settle":
        return done(this.#settle(record));
      case "discard":
        return done(this.work.discard().then(() => this.parts.onSettled()));
    }
  }

  async #load(goal: InstallGoal, token: Token): Promise<Outcome> {
    await this.work.load(goal);
    const p95Us = this.parts.host.active?.counter?.p95Us(MIN_LATENCIES) ?? null;
    return { type: "activated", token, before: { p95Us, memoryBytes: this.work.memoryBytesBefore } };
  }

  /** The version stays: the one before is freed, and none older is believed any more. */
  async #settle({ attempt }: InstallRecord): Promise<void> {
    const { host, counters, trust, model, onError } = this.parts;
    counters.flush();
    host.settle().catch(onError);
    const trusted = attempt?.state === "committed" ? attempt.trusted : null;
    if (trusted !== null) await trust?.committed(model, trusted);
    this.parts.onSettled();
  }
}

async function done(work: Promise<void>): Promise<Outcome> {
  await work;
  return undefined;
}
