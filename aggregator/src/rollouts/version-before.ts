import type { DeviceRecord } from "../store/port.js";
import type { DesiredPort } from "./ports.js";
import type { RolloutConfig } from "./rollout-config.js";
import type { RolloutState } from "./rollout-state.js";

/**
 * What a rollout goes back to, and what it is compared with: the version that most of its devices run. That is the fleet's,
 * unless an earlier rollout, which completed and was not taken back, brought these devices another one; of equally many, the
 * fleet's, then the newer. Null where there is none.
 */
export function versionBefore(
  { model, version }: Pick<RolloutConfig, "model" | "version">,
  devices: readonly Pick<DeviceRecord, "deviceId">[],
  {
    desired,
    states,
  }: {
    readonly desired: Pick<DesiredPort, "wantedOf" | "fleetVersion">;
    readonly states: readonly RolloutState[];
  },
): number | null {
  const fleet = desired.fleetVersion(model);
  const proven = new Set(states.filter((state) => isProof(state, model)).map(({ config }) => config.version));
  // Who runs the rollout's own version is no measure of what there was before.
  proven.delete(version);
  const counts = new Map<number | null, number>();
  for (const { deviceId } of devices) {
    const wanted = desired.wantedOf(deviceId, model)?.version ?? fleet;
    const before = wanted !== null && proven.has(wanted) ? wanted : fleet;
    counts.set(before, (counts.get(before) ?? 0) + 1);
  }
  const rank = (one: number | null): number => (one === fleet ? Number.POSITIVE_INFINITY : (one ?? 0));
  const [most] = [...counts].sort(([one, some], [other, more]) => more - some || rank(other) - rank(one));
  return most === undefined ? fleet : most[0];
}

function isProof({ config, phase, backCounter }: RolloutState, model: RolloutConfig["model"]): boolean {
  return config.model === model && config.kind === "release" && phase === "completed" && backCounter === null;
}
