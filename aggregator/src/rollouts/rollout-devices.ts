import {
  INSTALL_STATES,
  type DeviceId,
  type InstallReport,
  type ModelName,
  type ServingMetrics,
} from "@fedge/protocol";
import type { Clock } from "../clock/clock.js";
import type { DeviceRecord } from "../store/port.js";
import type { FleetOfRollouts } from "./fleet-view.js";
import type { RolloutId } from "./rollout-config.js";
import type { RolloutRunner } from "./rollout-runner.js";
import type { RolloutEvent } from "./rollout-state.js";

/** Carries what devices say, and what becomes of them, to the rollouts that have them. */
export class RolloutDevices {
  constructor(
    private readonly runners: ReadonlyMap<RolloutId, RolloutRunner>,
    private readonly options: { readonly clock: Clock; readonly fleet: FleetOfRollouts },
  ) {}

  /** A device's report goes to every rollout that has the device; by its counter each knows whether it is meant. */
  report(deviceId: DeviceId, report: InstallReport): void {
    const { releaseCounter, state, code = null, message = null } = report;
    const step = report.step ?? INSTALL_STATES.indexOf(state);
    const facts = { releaseCounter, attempt: report.attempt ?? 1, step, state, code, message };
    for (const runner of this.#with(deviceId, report.model))
      runner.dispatch({ type: "reported", atMs: this.#nowMs, deviceId, report: facts });
  }

  isShadow({ rolloutId }: InstallReport): boolean {
    return this.runners.get(rolloutId as RolloutId)?.state.config.kind === "shadow";
  }

  /** The device came online, or says anew what it is: it may be reached, back, new in a wave, or out of it. */
  async deviceSeen(deviceId: DeviceId): Promise<void> {
    const device = await this.options.fleet.device(deviceId);
    if (device === undefined) return this.deviceRemoved(deviceId);
    for (const runner of this.runners.values()) {
      const { targets, config } = runner.state;
      const target = targets.get(deviceId);
      const serves = device.serving[config.model]?.version ?? null;
      if (target !== undefined && device.presence === "online")
        runner.dispatch({ type: "seen", atMs: this.#nowMs, deviceId, serves });
      if (target === undefined) await this.#join(runner, device);
      else if (target.state === "queued" && !(await this.options.fleet.isMatching(runner.state, device)))
        this.#members(runner, { joined: [], removed: [deviceId] });
    }
  }

  /** The device is gone for good. */
  deviceRemoved(deviceId: DeviceId): void {
    for (const runner of this.runners.values())
      if (runner.state.targets.get(deviceId) !== undefined)
        this.#members(runner, { joined: [], removed: [deviceId] });
  }

  /** A shadow that has answered runs: nothing else is installed. */
  metrics(deviceId: DeviceId, { model, shadow }: ServingMetrics): void {
    if (shadow === undefined) return;
    for (const runner of this.#with(deviceId, model)) {
      const { config, targets } = runner.state;
      const target = targets.get(deviceId);
      if (config.kind !== "shadow" || config.version !== shadow.version || target?.state !== "told") continue;
      const releaseCounter = target.releaseCounter ?? 0;
      const facts = {
        releaseCounter,
        attempt: target.attempt,
        step: target.step + 1,
        code: null,
        message: null,
      };
      const report = { ...facts, state: "committed" } as const;
      runner.dispatch({ type: "reported", atMs: this.#nowMs, deviceId, report });
    }
  }

  /** The whole fleet was released something newer: what is under way has no devices any more. */
  fleetReleased(model: ModelName, releaseCounter: number): void {
    const by = `release ${releaseCounter} of the whole fleet`;
    for (const runner of this.runners.values()) {
      const { config, targets, phase } = runner.state;
      if (config.model !== model || config.kind === "shadow") continue;
      const devices = [...targets.entries()].map(([deviceId]) => deviceId);
      if (devices.length > 0) runner.dispatch({ type: "replaced", atMs: this.#nowMs, devices, by });
      if (phase !== "running" && phase !== "paused" && phase !== "scheduled") continue;
      const how = { actor: "system", command: "abort", reason: `replaced by ${by}` } as const;
      runner.dispatch({ type: "command", atMs: this.#nowMs, ...how });
    }
  }

  get #nowMs(): number {
    return this.options.clock.nowMs();
  }

  #with(deviceId: DeviceId, model: string): readonly RolloutRunner[] {
    return [...this.runners.values()].filter(
      ({ state }) => state.config.model === model && state.targets.get(deviceId) !== undefined,
    );
  }

  async #join(runner: RolloutRunner, device: DeviceRecord) {
    const { phase, currentWave, isPromoted } = runner.state;
    const isOpen = phase === "running" || phase === "paused" || (phase === "completed" && !isPromoted);
    if (!isOpen || currentWave === null) return;
    if (
      await this.options.fleet.isJoining(
        runner.state,
        device,
        [...this.runners.values()].map((each) => each.state),
      )
    )
      this.#members(runner, { joined: [device.deviceId], removed: [] });
  }

  #members(
    runner: RolloutRunner,
    change: Pick<RolloutEvent & { type: "members-changed" }, "joined" | "removed">,
  ) {
    runner.dispatch({ type: "members-changed", atMs: this.#nowMs, ...change });
  }
}
