import type { DeviceId } from "@fedge/protocol";
import { decodeRolloutConfig, type RolloutConfig } from "../rollout-config.js";
import { openRollout, stepRollout } from "../rollout-machine.js";
import type { ReportFacts } from "../rollout-events.js";
import type { RolloutEffect, RolloutEvent, RolloutState } from "../rollout-state.js";
import type { RolloutCommand, TargetState, WaveState } from "../rollout-view.js";

export const START_MS = 1_700_000_000_000;
export const MINUTE_MS = 60_000;

/** One wave of everybody, four fifths must commit, more than a fifth of errors pauses; no soak, no rate. */
export function sampleConfig(change: Partial<Record<keyof RolloutConfig, unknown>> = {}): RolloutConfig {
  return decodeRolloutConfig({
    ...{ rolloutId: "better-words", model: "keyboard", kind: "release", version: 2, note: "", filter: "" },
    waves: [
      { name: "first", percent: 50, soakMs: 0 },
      { name: "all", percent: 100, soakMs: 0 },
    ],
    gates: { install: { minSuccess: 0.8, minReached: 1, maxErrors: 0.2, minReports: 1 }, metrics: [] },
    analysis: { intervalMs: 1000, failureLimit: 0, errorLimit: 4, deadlineMs: 10 * MINUTE_MS },
    ...{ rate: null, schedule: { startAtMs: null, windows: [] }, inProgressTimeoutMs: 20 * MINUTE_MS },
    ...{ maxAttempts: 1, needsApproval: false, rollBackUpToPercent: 5, onAbort: "finish", priority: 0 },
    ...change,
  });
}

export function devicesOf(count: number, from = 0): DeviceId[] {
  return Array.from({ length: count }, (_, at) => `device-${from + at}` as DeviceId);
}

/** Drives the machine as a server would, and remembers what it asked for and what it journaled. */
export class MachineDriver {
  state: RolloutState;
  nowMs = START_MS;
  isWindowOpen = true;
  readonly journal: RolloutEvent[] = [];
  effects: RolloutEffect[] = [];
  #counter = 0;

  constructor(config: RolloutConfig = sampleConfig(), fallbackVersion: number | null = 1) {
    const created = { type: "created", atMs: START_MS, actor: "ada", config, fallbackVersion } as const;
    const event = { ...created, isReturn: false };
    this.state = openRollout(event);
    this.journal.push(event);
  }

  step(event: RolloutEvent): readonly RolloutEffect[] {
    const { state, effects, isChanged } = stepRollout(this.state, event);
    if (isChanged) this.journal.push(event);
    this.state = state;
    this.effects.push(...effects);
    for (const effect of effects) if (effect.type === "sign-release") this.#release(effect);
    return effects;
  }

  /** Starts, and fills the first wave with the devices, all of them told. */
  started(devices: readonly DeviceId[]): this {
    this.command("start");
    this.open(0, devices);
    return this;
  }

  command(command: RolloutCommand, actor = "ada"): readonly RolloutEffect[] {
    return this.step({ type: "command", atMs: this.nowMs, actor, command, reason: `${command} wanted` });
  }

  open(wave: number, devices: readonly DeviceId[], numMatching = 10 * devices.length): void {
    this.step({ type: "wave-opened", atMs: this.nowMs, wave, devices, numMatching });
    this.tick();
  }

  /** The devices are online, and have what they were told. */
  see(devices: readonly DeviceId[]): this {
    for (const deviceId of devices) this.step({ type: "seen", atMs: this.nowMs, deviceId, serves: null });
    return this;
  }

  tick(afterMs = 0): readonly RolloutEffect[] {
    this.nowMs += afterMs;
    return this.step({ type: "tick", atMs: this.nowMs, isWindowOpen: this.isWindowOpen });
  }

  report(deviceId: DeviceId, state: ReportFacts["state"], change: Partial<ReportFacts> = {}): void {
    const target = this.state.targets.get(deviceId);
    const attempt = target?.attempt ?? 1;
    const step = (target?.step ?? -1) + 1;
    const releaseCounter = target?.releaseCounter ?? 1;
    const facts = { releaseCounter, attempt, step, state, code: null, message: null, ...change };
    this.step({ type: "reported", atMs: this.nowMs, deviceId, report: facts });
  }

  reports(devices: readonly DeviceId[], state: ReportFacts["state"]): void {
    for (const deviceId of devices) this.report(deviceId, state);
  }

  reportBack(devices: readonly DeviceId[], state: ReportFacts["state"] = "committed"): void {
    for (const deviceId of devices)
      this.report(deviceId, state, { releaseCounter: this.state.backCounter ?? 0 });
  }

  wave(index: number): WaveState | undefined {
    return this.state.waves[index]?.state;
  }

  stateOf(deviceId: DeviceId): TargetState | undefined {
    return this.state.targets.get(deviceId)?.state;
  }

  /** Devices in the effects of that type since the last call. */
  take(type: "tell" | "tell-back"): readonly DeviceId[] {
    const devices = this.effects.flatMap((effect) => (effect.type === type ? effect.devices : []));
    this.effects = this.effects.filter((effect) => effect.type !== type);
    return devices;
  }

  #release({ purpose, version }: RolloutEffect & { readonly type: "sign-release" }): void {
    this.#counter += 1;
    this.step({ type: "released", atMs: this.nowMs, purpose, version, releaseCounter: this.#counter });
  }
}
