import { stableFraction, type DeviceId } from "@fedge/protocol";
import type { DeviceFilter } from "../fleet/filter/device-filter.js";
import type { DeviceRecord } from "../store/port.js";
import type { RolloutConfig } from "./rollout-config.js";

/** The rollout's filters, compiled: whom it is for, and what narrows each wave. */
export interface WaveFilters {
  readonly rollout: DeviceFilter;
  readonly waves: readonly (DeviceFilter | null)[];
}

/** Compiles every filter of the plan. Throws FILTER_INVALID. */
export function waveFilters(
  config: Pick<RolloutConfig, "filter" | "waves">,
  compile: (filter: string) => DeviceFilter,
): WaveFilters {
  const everyone: DeviceFilter = () => true;
  return {
    rollout: config.filter === "" ? everyone : compile(config.filter),
    waves: config.waves.map(({ filter }) => (filter === undefined || filter === "" ? null : compile(filter))),
  };
}

/**
 * Whether the device is in the wave: it matches both filters, and its place among all, which the rollout's id decides, is
 * below the wave's share. A larger share of the same filter has every device of the smaller one in it (R16).
 */
export function isInWave(
  config: RolloutConfig,
  filters: WaveFilters,
  { device, index }: { readonly device: DeviceRecord; readonly index: number },
): boolean {
  const wave = config.waves[index];
  if (wave === undefined || !filters.rollout(device)) return false;
  if (filters.waves[index]?.(device) === false) return false;
  return stableFraction(config.rolloutId, device.deviceId) < wave.percent / 100;
}

/** The first wave that has the device in it; null when none has. */
export function waveOf(config: RolloutConfig, filters: WaveFilters, device: DeviceRecord): number | null {
  const index = config.waves.findIndex((_, at) => isInWave(config, filters, { device, index: at }));
  return index < 0 ? null : index;
}

/** Devices in the order in which they are told: by their place, so that a stop has reached the same ones again. */
export function inTellingOrder(config: RolloutConfig, devices: readonly DeviceId[]): DeviceId[] {
  const placed = devices.map((deviceId) => ({ deviceId, place: stableFraction(config.rolloutId, deviceId) }));
  placed.sort((one, other) => one.place - other.place || (one.deviceId < other.deviceId ? -1 : 1));
  return placed.map(({ deviceId }) => deviceId);
}
