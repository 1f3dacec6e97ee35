import type { DeviceId } from "@fedge/protocol";
import { deviceFilter, type DeviceFilter } from "../fleet/filter/device-filter.js";
import type { ControlStore, DeviceRecord } from "../store/port.js";
import type { RolloutConfig } from "./rollout-config.js";
import type { RolloutState } from "./rollout-state.js";
import type { RolloutStore } from "./rollout-store.js";
import type { RolloutPreview } from "./rollout-view.js";
import { inTellingOrder, isInWave, waveFilters, waveOf, type WaveFilters } from "./wave-members.js";

const PREVIEWED_DEVICES = 20;

interface Rival {
  readonly state: RolloutState;
  readonly filters: WaveFilters;
}

/** Which devices there are, which of them a rollout means, and which a better one wants. */
export class FleetOfRollouts {
  constructor(
    private readonly control: Pick<ControlStore, "listDevices" | "getDevice">,
    private readonly store: Pick<RolloutStore, "listGroups">,
    private readonly nowMs: () => number,
  ) {}

  /** Compiles filters with today's groups. Throws FILTER_INVALID when one is called. */
  async compiler(): Promise<(filter: string) => DeviceFilter> {
    const groups = new Map((await this.store.listGroups()).map(({ name, filter }) => [name, filter]));
    return (filter) => deviceFilter(filter, this.nowMs(), groups);
  }

  async device(deviceId: DeviceId): Promise<DeviceRecord | undefined> {
    return active(await this.control.getDevice(deviceId));
  }

  async members(state: RolloutState, wave: number, all: readonly RolloutState[]) {
    const { config } = state;
    const compile = await this.compiler();
    const filters = waveFilters(config, compile);
    const matching = await this.#matching(filters);
    const better = this.#better(state, all, compile);
    const inWave = matching.filter((device) => isInWave(config, filters, { device, index: wave }));
    const free = inWave.filter((device) => !better.some((rival) => wants(rival, device)));
    const devices = inTellingOrder(
      config,
      free.map(({ deviceId }) => deviceId),
    );
    return { devices, numMatching: matching.length };
  }

  /** Whether the device belongs to a wave that is open already: newcomers join the last open one. */
  async isJoining(state: RolloutState, device: DeviceRecord, all: readonly RolloutState[]): Promise<boolean> {
    const compile = await this.compiler();
    const wave = waveOf(state.config, waveFilters(state.config, compile), device);
    if (wave === null || wave > (state.currentWave ?? -1)) return false;
    return !this.#better(state, all, compile).some((rival) => wants(rival, device));
  }

  async isMatching(state: RolloutState, device: DeviceRecord): Promise<boolean> {
    return waveFilters(state.config, await this.compiler()).rollout(device);
  }

  /** Every device that a filter means; all where it is empty. Throws FILTER_INVALID. */
  async matching(filter: string): Promise<readonly DeviceRecord[]> {
    return this.#matching(waveFilters({ filter, waves: [] }, await this.compiler()));
  }

  /** Throws FILTER_INVALID. */
  async preview(
    config: RolloutConfig,
    all: readonly RolloutState[],
  ): Promise<Omit<RolloutPreview, "isReturn">> {
    const compile = await this.compiler();
    const filters = waveFilters(config, compile);
    const matching = await this.#matching(filters);
    const byWave = config.waves.map((): DeviceId[] => []);
    let numBeyond = 0;
    for (const device of matching) {
      const wave = waveOf(config, filters, device);
      if (wave === null) numBeyond += 1;
      else byWave[wave]?.push(device.deviceId);
    }
    const waves = config.waves.map(({ name }, at) => {
      const devices = inTellingOrder(config, byWave[at] ?? []);
      return { name, numDevices: devices.length, devices: devices.slice(0, PREVIEWED_DEVICES) };
    });
    const excluded = await this.#excluded(matching.length, numBeyond);
    return {
      numMatching: matching.length,
      waves,
      excluded,
      conflicts: conflicts(config, matching, all, compile),
    };
  }

  async #excluded(numMatching: number, numBeyond: number): Promise<RolloutPreview["excluded"]> {
    const devices = await this.control.listDevices();
    const numGone = devices.filter((device) => device.decommissionedAtMs !== null).length;
    const reasons = [
      { reason: "does not match the rollout's filter", numDevices: devices.length - numGone - numMatching },
      { reason: "is in the share of no wave", numDevices: numBeyond },
      { reason: "is decommissioned", numDevices: numGone },
    ];
    return reasons.filter(({ numDevices }) => numDevices > 0);
  }

  async #matching(filters: WaveFilters): Promise<DeviceRecord[]> {
    const devices = await this.control.listDevices();
    return devices.filter((device) => device.decommissionedAtMs === null && filters.rollout(device));
  }

  #better(
    state: RolloutState,
    all: readonly RolloutState[],
    compile: (filter: string) => DeviceFilter,
  ): readonly Rival[] {
    return all
      .filter((other) => isRival(state.config, other) && isBetter(other, state))
      .map((other) => ({ state: other, filters: waveFilters(other.config, compile) }));
  }
}

function active(device: DeviceRecord | undefined): DeviceRecord | undefined {
  return device?.decommissionedAtMs === null ? device : undefined;
}

/** Another one of the same model that still tells devices what to run. A shadow tells nobody what to serve. */
function isRival(config: RolloutConfig, other: RolloutState): boolean {
  if (other.config.rolloutId === config.rolloutId || other.config.model !== config.model) return false;
  if (other.isDeleted || other.config.kind === "shadow" || config.kind === "shadow") return false;
  return other.phase === "running" || other.phase === "paused";
}

/** The larger priority wins, then the newer one (R35). */
function isBetter(one: RolloutState, other: RolloutState): boolean {
  if (one.config.priority !== other.config.priority) return one.config.priority > other.config.priority;
  if (one.createdAtMs !== other.createdAtMs) return one.createdAtMs > other.createdAtMs;
  return one.config.rolloutId > other.config.rolloutId;
}

function wants({ state, filters }: Rival, device: DeviceRecord): boolean {
  const target = state.targets.get(device.deviceId);
  if (target !== undefined) return !target.isReplaced;
  return waveOf(state.config, filters, device) !== null;
}

function conflicts(
  config: RolloutConfig,
  matching: readonly DeviceRecord[],
  all: readonly RolloutState[],
  compile: (filter: string) => DeviceFilter,
): RolloutPreview["conflicts"] {
  return all
    .filter((other) => isRival(config, other))
    .map((other) => {
      const rival = { state: other, filters: waveFilters(other.config, compile) };
      const numDevices = matching.filter((device) => wants(rival, device)).length;
      // A rollout that is made now is newer than every other.
      const wins = config.priority >= other.config.priority;
      return { rolloutId: other.config.rolloutId, numDevices, wins };
    })
    .filter(({ numDevices }) => numDevices > 0);
}
