import type { InstallState } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { InstallWorld, STRICT, type InstallWorldOptions } from "../../testing/install-world.js";

const options: InstallWorldOptions = {
  digest: nodeDigest,
  newStop: () => new AbortController(),
  settle: async () => {
    for (let turn = 0; turn < 30; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  },
};

const FORWARD = [
  "assigned",
  "downloading",
  "verifying",
  "staged",
  "activating",
  "probation",
  "committed",
] as const;
const MOMENTS = ["before", "after"] as const;

/** What a start finds kept, and what it goes on with from there: that state again, and every one after it. */
function statesAfterRestart(
  path: readonly InstallState[],
  killedAt: number,
  moment: "before" | "after",
): string[] {
  const found = moment === "after" ? killedAt : killedAt - 1;
  return path
    .slice(found === path.length - 1 ? path.length : Math.max(0, found))
    .map((state) => `${state} 2`);
}

async function whole(world: InstallWorld): Promise<number> {
  const { outputs, version } = await world.predict();
  // The engine answers with what is in the checkpoint: a mixed version would not be its own number.
  expect(outputs["answer"]?.data[0]).toBe(version);
  return version;
}

describe("R28: a device that is killed on its way to a version that works", () => {
  test.each(FORWARD.flatMap((state) => MOMENTS.map((moment) => [state, moment] as const)))(
    "at %s, %s it is kept, starts with one whole version, goes on from what is kept and ends at the new one",
    async (state, moment) => {
      const world = await InstallWorld.servingOne(options);
      const { rig } = world;
      world.killAt(state, moment);
      world.want(2, world.second);
      await world.settle();
      if (state === "committed") await world.predictTimes(20);
      world.kept.length = 0;

      await rig.start();
      // The slot changes with the write that says "probation", and not before.
      const at = FORWARD.indexOf(state);
      const hasChanged = at > FORWARD.indexOf("probation") || (state === "probation" && moment === "after");
      expect(await whole(world)).toBe(hasChanged ? 2 : 1);
      await world.pass(1);
      await world.predictTimes(20);
      await world.pass(1);

      expect(await whole(world)).toBe(2);
      expect(world.kept).toEqual(statesAfterRestart(FORWARD, at, moment));
      expect(world.lastReport).toBe("committed");
    },
  );
});

describe("R28: a device that is killed on its way back from a version that fails", () => {
  const BACK = ["probation", "rolling-back", "rolled-back"] as const;

  test.each(BACK.slice(1).flatMap((state) => MOMENTS.map((moment) => [state, moment] as const)))(
    "at %s, %s it is kept, serves the version before in the end, and says so",
    async (state, moment) => {
      const world = await InstallWorld.servingOne(options);
      const { rig } = world;
      world.want(2, world.second);
      await world.settle();
      // It was well when it was tried, and is not in use.
      const isBroken = (version: number): number => (version === 2 ? NaN : version);
      rig.engine.answer = isBroken;
      world.killAt(state, moment);
      await world.predictTimes(2);
      world.kept.length = 0;

      rig.engine.answer = (version) => version;
      await rig.start();
      await world.pass(1);
      rig.engine.answer = isBroken;
      await world.predictTimes(3);
      await world.pass(1);

      expect(await whole(world)).toBe(1);
      expect(world.kept).toEqual(statesAfterRestart(BACK, BACK.indexOf(state), moment));
      expect(world.lastReport).toBe("rolled-back PROBATION_FAILED");
    },
  );
});

describe("a device whose process ends again and again with a version on probation", () => {
  test("R27: goes back to the version before after as many crashes as its policy allows", async () => {
    const world = await InstallWorld.servingOne(options);
    world.want(2, world.second);
    await world.settle();
    const served: (number | null)[] = [];
    for (let crash = 1; crash <= 3; crash += 1) {
      world.rig.kill();
      await world.rig.start();
      served.push(world.version);
      await world.pass(1);
    }

    // Found with the mark of a process that never said goodbye: once, twice, and the third time back.
    expect(served).toEqual([2, 2, 1]);
    expect(world.lastReport).toBe("rolled-back PROBATION_CRASHED");
  });

  test("stays with it when every process has said goodbye", async () => {
    const world = await InstallWorld.servingOne(options);
    world.want(2, world.second);
    await world.settle();
    for (let start = 1; start <= 5; start += 1) {
      await world.rig.device.close();
      await world.rig.start();
      await world.settle();
    }

    expect(world.version).toBe(2);
    expect(world.rig.device.status().installs["digits"]).toMatchObject({ state: "probation", version: 2 });
  });

  test("stays with it when every page was only left", async () => {
    const listeners = new Set<() => void>();
    const world = await InstallWorld.servingOne({
      ...options,
      options: {
        consent: { reporting: true },
        onLeaving: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
    });
    world.want(2, world.second);
    await world.settle();
    for (let start = 1; start <= 5; start += 1) {
      for (const leave of listeners) leave();
      listeners.clear();
      await world.settle();
      world.rig.kill();
      await world.rig.start();
      await world.settle();
    }

    expect(world.version).toBe(2);
  });

  test("does not go in circles when it dies each time that the version is loaded", async () => {
    const world = await InstallWorld.servingOne(options);
    world.rig.engine.onLoad = (version) => {
      if (version === 2) world.rig.kill();
    };
    world.want(2, world.second);
    await world.settle();
    for (let start = 1; start <= 4; start += 1) {
      await world.rig.start();
      await world.pass(1);
    }

    expect(world.version).toBe(1);
    expect(world.lastReport).toBe("failed PROBATION_CRASHED");
  });
});

test("no attempt has more transitions than the guard allows", async () => {
  const world = await InstallWorld.servingOne(options);
  world.carries = (topic) => !topic.includes("/blob/");
  world.want(2, world.second, { policy: { ...STRICT, stateDeadlineMs: 1e9 } });
  await world.settle();
  for (let start = 1; start <= 60; start += 1) {
    world.rig.kill();
    await world.rig.start();
    await world.settle();
  }

  expect(world.version).toBe(1);
  expect(world.rig.device.status().installs["digits"]).toMatchObject({
    state: "failed",
    code: "INSTALL_LOOP",
  });
});
