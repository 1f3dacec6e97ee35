import type { DeviceId } from "@fedge/protocol";
import { expect, test } from "vitest";
import type { WantedModel } from "../fleet/desired-states.js";
import { RolloutEffects } from "./rollout-effects.js";
import type { RolloutSurroundings } from "./ports.js";
import { rolloutFromTemplate } from "./templates.js";
import { MachineDriver, sampleConfig } from "./testing/sample-rollout.js";

const DEVICE = "device-0" as DeviceId;
const { install } = rolloutFromTemplate("quick", { rolloutId: "r1", model: "digits", version: 7 });

/** What the device is told by a rollout of this plan. */
async function told(change: Parameters<typeof sampleConfig>[0]): Promise<WantedModel | undefined> {
  const driver = new MachineDriver(sampleConfig(change)).started([DEVICE]);
  const overrides = new Map<DeviceId, WantedModel>();
  const desired = {
    prepare: ({
      model,
      version,
      releaseCounter,
    }: Pick<WantedModel, "model" | "version" | "releaseCounter">) =>
      Promise.resolve({ model, version, releaseCounter, manifest: { sha256: "a".repeat(64), sizeBytes: 1 } }),
    override: (deviceId: DeviceId, wanted: WantedModel) => void overrides.set(deviceId, wanted),
    tellAll: () => Promise.resolve(),
  };
  const ports = { desired, onTold: () => undefined, isOnline: () => false };
  const effects = new RolloutEffects(
    ports as unknown as RolloutSurroundings,
    () => driver.state,
    () => undefined,
  );
  await effects.run({ type: "tell", devices: [DEVICE] });
  return overrides.get(DEVICE);
}

test("devices are told how to install and try a rollout's version", async () => {
  expect((await told({ install }))?.policy).toEqual(install);
});

test("a rollout that says nothing of it leaves that to the device", async () => {
  expect((await told({}))?.policy).toBeUndefined();
});
