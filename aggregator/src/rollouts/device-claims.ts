import type { DeviceId } from "@fedge/protocol";
import type { RolloutConfig, RolloutId } from "./rollout-config.js";
import { hasShadowEnded } from "./rollout-effects.js";
import type { RolloutRunner } from "./rollout-runner.js";

type Runners = ReadonlyMap<RolloutId, RolloutRunner>;

interface Claim {
  readonly config: RolloutConfig;
  readonly devices: readonly DeviceId[];
}

/**
 * Whoever told a device last has it, and it runs no shadow of another any more, which would compare other versions. A shadow only
 * looks on; of two the device has the one that was made last.
 */
export function takeOver(
  runners: Runners,
  { config, devices, atMs }: Claim & { readonly atMs: number },
): void {
  if (config.kind === "shadow") return shadowAgain(laterThan(runners, config), { config, devices });
  for (const runner of runners.values()) {
    const { config: other, targets } = runner.state;
    if (other.rolloutId === config.rolloutId || other.model !== config.model) continue;
    const taken = devices.filter((deviceId) => targets.get(deviceId)?.isReplaced === false);
    const by = `rollout ${config.rolloutId}`;
    if (taken.length > 0) runner.dispatch({ type: "replaced", atMs, devices: taken, by });
  }
}

/** A shadow is over: of those that still run, a device has the one that was made last again. */
export function giveBack(runners: Runners, claim: Claim): void {
  shadowAgain([...runners.values()], claim);
}

/** Each device is told once, of the shadow that was made last of those that it was told of. */
function shadowAgain(runners: readonly RolloutRunner[], { config: { model }, devices }: Claim): void {
  const left = new Set(devices);
  for (const runner of [...runners].reverse()) {
    const { config, targets } = runner.state;
    if (config.kind !== "shadow" || config.model !== model || hasShadowEnded(runner.state)) continue;
    const told = [...left].filter((deviceId) => {
      const target = targets.get(deviceId);
      return target?.wasTold === true && !target.isReplaced && target.back === null;
    });
    for (const deviceId of told) left.delete(deviceId);
    if (told.length > 0) runner.tellAgain(told);
  }
}

/** Those that were made after it. */
function laterThan(runners: Runners, { rolloutId }: RolloutConfig): RolloutRunner[] {
  return [...runners.values()].slice([...runners.keys()].indexOf(rolloutId) + 1);
}
