import type { Desired, DeviceId, ModelName } from "@fedge/protocol";
import { expect, test } from "vitest";
import { DesiredStates, type DesiredStatesOptions, type WantedModel } from "./desired-states.js";

const DEVICE = "device-1" as DeviceId;
const manifest = { sha256: "a".repeat(64), sizeBytes: 1 } as WantedModel["manifest"];
const wanted: WantedModel = { model: "digits" as ModelName, version: 7, releaseCounter: 3, manifest };

/** What is published of a device that wants a version, while the signer signs only when it may. */
function createStates(signs: () => boolean) {
  const published: Desired[] = [];
  const states = new DesiredStates({
    signer: {
      signDesired: async (desired: Desired) => {
        if (!signs()) throw new Error("the key is away");
        return desired;
      },
    },
    outbox: {
      sendTo: async (_: DeviceId, __: string, desired: Desired) => void published.push(desired),
    },
  } as unknown as DesiredStatesOptions);
  states.override(DEVICE, wanted);
  return { states, published };
}

test("a device is told the same document once", async () => {
  const { states, published } = createStates(() => true);
  await states.tell(DEVICE);
  await states.tell(DEVICE);

  expect(published.map(({ models }) => models.map(({ version }) => version))).toEqual([[7]]);
});

test("what could not be signed is published by whoever tries again", async () => {
  let isAway = true;
  const { states, published } = createStates(() => !isAway);
  await expect(states.tellAll([DEVICE])).rejects.toThrow("the key is away");
  isAway = false;
  await states.tellAll([DEVICE]);

  expect(published).toHaveLength(1);
});
