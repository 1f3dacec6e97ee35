import type { DeviceId } from "@fedge/protocol";
import { expect, test } from "vitest";
import type { WantedModel } from "../fleet/desired-states.js";
import type { RolloutSurroundings } from "./ports.js";
import { RolloutEffects } from "./rollout-effects.js";
import type { RolloutState } from "./rollout-state.js";
import { sampleConfig } from "./testing/sample-rollout.js";

const DEVICE = "device-1" as DeviceId;

test("devices that could not be told that a shadow has ended are told by the next try, and given back", async () => {
  const config = sampleConfig({ rolloutId: "newer", version: 3, kind: "shadow" });
  const served = {
    model: config.model,
    version: 1,
    releaseCounter: 1,
    manifest: {},
  } as unknown as WantedModel;
  const shadow = { version: 3, manifest: served.manifest, rolloutId: config.rolloutId };
  const wanted = new Map<DeviceId, WantedModel>([[DEVICE, { ...served, shadow }]]);
  let isAway = true;
  const [told, givenBack]: DeviceId[][] = [[], []];
  const ports = {
    desired: {
      wantedOf: (deviceId: DeviceId) => wanted.get(deviceId),
      override: (deviceId: DeviceId, now: WantedModel) => void wanted.set(deviceId, now),
      tellAll: async (devices: readonly DeviceId[]) => {
        if (isAway) throw new Error("the key is away");
        told?.push(...devices);
      },
    },
    onShadowEnded: (_: unknown, devices: readonly DeviceId[]) => givenBack?.push(...devices),
  };
  const state = { config, targets: new Map([[DEVICE, { wasTold: true }]]), phase: "aborted" };
  const effects = new RolloutEffects(
    ports as unknown as RolloutSurroundings,
    () => state as unknown as RolloutState,
    () => undefined,
  );
  await expect(effects.endShadow()).rejects.toThrow("the key is away");
  isAway = false;
  await effects.endShadow();

  expect([told, givenBack]).toEqual([[DEVICE], [DEVICE]]);
  expect(wanted.get(DEVICE)).toEqual(served);
});
