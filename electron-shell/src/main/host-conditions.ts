import {
  DEFAULT_POLICY,
  reasonsAgainst,
  type Clock,
  type HostFacts,
  type TrainingPolicy,
} from "@fedge/device-runtime";
import type { PowerEvent, PowerMonitorApi } from "./electron-api.js";

/** As for pages, but the whole machine is told of, so that a longer rest can be asked for. */
export const DESKTOP_POLICY: TrainingPolicy = { ...DEFAULT_POLICY, idleMs: 60_000 };

/** While a training may run its person must not wait for it to notice them. */
const ASK_WHILE_ELIGIBLE_MS = 500;
const ASK_WHILE_NOT_MS = 5000;
/** The disk is asked less often. */
const DISK_EVERY_MS = 60_000;

export interface ConditionsParts {
  readonly power: PowerMonitorApi;
  readonly clock: Clock;
  /** What the system itself says of its battery, where Electron says nothing; null where nobody knows. */
  readonly isOnBattery?: () => Promise<boolean | null>;
  /** Bytes that the disk of the state directory has left; null where nobody knows. */
  readonly freeBytes: () => Promise<number | null>;
  readonly policy?: Partial<TrainingPolicy>;
  /** Told whenever what stands against a training has changed. */
  readonly onChange: () => void;
}

/** Watches battery, use, lock, sleep and disk of the machine. */
export class DesktopConditions {
  readonly #policy: TrainingPolicy;
  readonly #stops: (() => void)[] = [];
  #facts: HostFacts;
  #isLocked = false;
  #isAsleep = false;
  #untilMs = Number.NEGATIVE_INFINITY;
  #said = "";
  #cancelAsk: () => void = () => undefined;
  #cancelDisk: () => void = () => undefined;
  #isClosed = false;

  constructor(private readonly parts: ConditionsParts) {
    this.#policy = { ...DESKTOP_POLICY, ...parts.policy };
    this.#facts = {
      isCharging: !parts.power.isOnBatteryPower(),
      isMetered: null,
      isHidden: false,
      lastInputAtMs: this.#lastInputAtMs(),
      freeBytes: null,
      isPersisted: true,
    };
    this.#hear("on-battery", () => this.#learn({ isCharging: false }));
    this.#hear("on-ac", () => this.#learn({ isCharging: true }));
    this.#hear("lock-screen", () => this.#locked(true));
    this.#hear("unlock-screen", () => this.#locked(false));
    this.#hear("suspend", () => this.#slept(true));
    this.#hear("resume", () => this.#slept(false));
    this.#said = this.reasons().join("\n");
    this.#askLater();
    void this.#askPower();
    void this.#askDisk();
  }

  /** What stands against a training, in words that a person can read; none when nothing does. */
  reasons(): readonly string[] {
    if (this.#isAsleep) return ["going to sleep"];
    const nowMs = this.parts.clock.nowMs();
    if (nowMs < this.#untilMs) return [];
    // Nobody uses a locked machine, however lately it was used.
    const lastInputAtMs = this.#isLocked ? Number.NEGATIVE_INFINITY : this.#facts.lastInputAtMs;
    return reasonsAgainst({ ...this.#facts, lastInputAtMs }, this.#policy, nowMs);
  }

  /** For so long nothing but sleep stands against a training: its person asked for one. */
  setAside(forMs: number): void {
    this.#untilMs = this.parts.clock.nowMs() + forMs;
    this.#tell();
    this.#stops.push(this.parts.clock.after(forMs, () => this.#tell()));
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#cancelAsk();
    this.#cancelDisk();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #hear(event: PowerEvent, listener: () => void): void {
    this.parts.power.on(event, listener);
    this.#stops.push(() => this.parts.power.off(event, listener));
  }

  #locked(isLocked: boolean): void {
    this.#isLocked = isLocked;
    this.#tell();
  }

  #slept(isAsleep: boolean): void {
    this.#isAsleep = isAsleep;
    this.#tell();
  }

  #lastInputAtMs(): number {
    return this.parts.clock.nowMs() - this.parts.power.getSystemIdleTime() * 1000;
  }

  /** Asked as well as heard: not every system tells when its plug is pulled. */
  async #askPower(): Promise<void> {
    const isOnBattery = (await this.parts.isOnBattery?.().catch(() => null)) ?? null;
    if (!this.#isClosed) this.#learn({ isCharging: !(isOnBattery ?? this.parts.power.isOnBatteryPower()) });
  }

  #askLater(): void {
    const everyMs = this.reasons().length === 0 ? ASK_WHILE_ELIGIBLE_MS : ASK_WHILE_NOT_MS;
    this.#cancelAsk = this.parts.clock.after(everyMs, () => {
      this.#learn({ lastInputAtMs: this.#lastInputAtMs() });
      if (this.#isClosed) return;
      void this.#askPower();
      this.#askLater();
    });
  }

  async #askDisk(): Promise<void> {
    // A disk that does not tell is no reason against.
    const freeBytes = await this.parts.freeBytes().catch(() => null);
    if (this.#isClosed) return;
    this.#learn({ freeBytes });
    this.#cancelDisk = this.parts.clock.after(DISK_EVERY_MS, () => void this.#askDisk());
  }

  #learn(facts: Partial<HostFacts>): void {
    this.#facts = { ...this.#facts, ...facts };
    this.#tell();
  }

  #tell(): void {
    const said = this.reasons().join("\n");
    if (said === this.#said) return;
    this.#said = said;
    this.parts.onChange();
  }
}
