import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import type { DeviceRigOptions } from "../../testing/device-rig.js";
import type { ProfileChange } from "../../testing/sample-profile.js";
import { ONE, ShadowWorld, ZERO } from "../../testing/shadow-world.js";

/** A whole number of minutes. */
const START_MS = 28_333_333 * 60_000;
const NO_LOG = { options: { featureLog: false as const }, learnsFromLog: false };

const bytesOf = (base64: string): Uint8Array => Buffer.from(base64, "base64");

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

function start(rig: Partial<DeviceRigOptions> = {}, change: ProfileChange = {}): Promise<ShadowWorld> {
  const newStop = (): AbortController => new AbortController();
  return ShadowWorld.start({ digest: nodeDigest, newStop, settle, startMs: START_MS, rig, bytesOf }, change);
}

describe("a label of a prediction that a shadow answered too", () => {
  test("says who was right", async () => {
    const world = await start();
    await world.label(await world.predict(), 0);
    await world.label(await world.predict(), 1);
    world.world.rig.engine.answer = () => ONE;
    await world.label(await world.predict(), 1);
    await world.label(await world.predict(), 0);

    expect(await world.cells()).toEqual([1, 1, 1, 1, 2, 2, 0]);
  });

  test("counts once: a second truth of a prediction changes nothing", async () => {
    const world = await start();
    const id = await world.predict();
    await world.label(id, 0);
    await world.label(id, 1);

    expect(await world.cells()).toEqual([0, 1, 0, 0, 0, 1, 0]);
  });

  test("counts after a restart when the log kept the prediction, and once over two of them", async () => {
    const world = await start();
    const id = await world.predict();
    await world.restart();
    await world.label(id, 1);
    await world.restart();
    await world.label(id, 0);

    expect(await world.cells()).toEqual([0, 0, 1, 0, 0, 1, 0]);
  });

  test("counts after what the app noted of it, written or not", async () => {
    const world = await start();
    const [early, late] = [await world.predict(), await world.predict()];
    await world.world.rig.device.log(early, { action: "accepted" });
    await world.world.pass(3);
    await world.world.rig.device.log(late, { action: "accepted" });
    await world.label(early, 0);
    await world.label(late, 0);

    expect((await world.cells()).slice(0, 4)).toEqual([0, 2, 0, 0]);
  });

  test("counts when the shadow answers after the row was written", async () => {
    const world = await start();
    const answer = world.hold();
    const id = await world.predict();
    await world.world.pass(3);
    await answer();
    await world.restart();
    await world.label(id, 0);

    expect((await world.cells()).slice(0, 4)).toEqual([0, 1, 0, 0]);
  });

  test.each([
    ["a feature log", {}],
    ["none", NO_LOG],
  ])("that comes before the shadow's answer counts with that, once, with %s", async (_, rig) => {
    const world = await start(rig);
    const answer = world.hold();
    const id = await world.predict();
    await world.label(id, 1);
    await answer();
    await world.label(id, 0);

    expect(await world.cells()).toEqual([0, 0, 1, 0, 0, 1, 0]);
  });

  test("counts without a feature log", async () => {
    const world = await start(NO_LOG);
    await world.label(await world.predict(), 0);

    expect((await world.cells()).slice(0, 4)).toEqual([0, 1, 0, 0]);
  });

  test.each([
    ["in time", 2, 1],
    ["late", 4, 0],
  ])("that comes %s counts by the horizon", async (_, seconds, expected) => {
    const world = await start({}, { outcomes: { labelHorizonMs: 3000 } });
    const id = await world.predict();
    await world.world.pass(seconds);
    await world.label(id, 0);

    expect((await world.cells())[1]).toBe(expected);
  });

  test("is no part of the comparison when the shadow failed", async () => {
    const world = await start();
    world.world.rig.engine.answer = (version) => {
      if (version === 2) throw new Error("no");
      return ZERO;
    };
    await world.label(await world.predict(), 0);

    expect(await world.cells()).toEqual([0, 0, 0, 0, 0, 0, 1]);
  });

  test("does not count for an earlier shadow once another runs", async () => {
    const world = await start();
    const id = await world.predict();
    await world.shadowWith(3, 2);
    await world.label(id, 0);

    expect((await world.cells()).slice(0, 4)).toEqual([0, 0, 0, 0]);
  });

  test("is compared with what was answered, whatever the app makes of its arrays", async () => {
    const world = await start();
    const answer = world.hold();
    const { id, outputs } = await world.world.rig.device.model("digits").predict({ input: [0.5] });
    outputs["answer"]!.data.fill(7 as never);
    await answer();
    await world.label(id, 0);

    expect(await world.cells()).toEqual([0, 1, 0, 0, 0, 1, 0]);
  });
});

describe("a person who erases the log", () => {
  test("erases what a shadow answered with the row: there is nothing left to label", async () => {
    const world = await start();
    const [erased, kept] = [await world.predict(), await world.predict()];
    await world.world.pass(3);
    await world.world.rig.device.featureLog.erase({ ids: [erased] });
    await world.label(kept, 0);

    await expect(world.label(erased, 0)).rejects.toMatchObject({ code: "PREDICTION_UNKNOWN" });
    expect((await world.cells()).slice(0, 4)).toEqual([0, 1, 0, 0]);
  });

  test("erases it while the shadow still works at it: the answer brings nothing back", async () => {
    const world = await start();
    const answer = world.hold();
    await world.predict();
    await world.world.rig.device.featureLog.erase();
    await answer();
    await world.world.pass(3);

    expect(await world.world.rig.device.featureLog.query()).toEqual([]);
    expect(await world.world.rig.store.keys("log/")).toEqual(["log/totals"]);
    expect(world.world.rig.errors).toEqual([]);
  });
});

test("the person finds in the log what the shadow answered, with the class alone", async () => {
  const world = await start();
  await world.predict();

  const [row] = await world.world.rig.device.featureLog.query();
  expect(row?.shadow).toEqual({ version: 2, classes: [1] });
});
