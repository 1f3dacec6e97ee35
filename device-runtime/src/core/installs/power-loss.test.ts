import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { InstallWorld, type InstallWorldOptions } from "../../testing/install-world.js";
import { LosingStores, type PowerCut } from "../../testing/power-loss.js";

const options: InstallWorldOptions = {
  digest: nodeDigest,
  newStop: () => new AbortController(),
  settle: async () => {
    for (let turn = 0; turn < 30; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  },
};

const isBroken = (version: number): number => (version === 2 ? NaN : version);
const itself = (version: number): number => version;
const YES_AND_NO = [true, false];

/** Every way in which the power can fail during one write. */
function cutsAt(atWrite: number): PowerCut[] {
  return YES_AND_NO.flatMap((isLastDone) =>
    YES_AND_NO.flatMap((losesValues) =>
      YES_AND_NO.map((losesDeletions) => ({ atWrite, isLastDone, losesValues, losesDeletions })),
    ),
  );
}

/** The version that answers; the engine answers with what is in the checkpoint, so a mixed one would not be its own number. */
async function whole(world: InstallWorld): Promise<number> {
  const { outputs, version } = await world.predict();
  expect(outputs["answer"]?.data[0]).toBe(version);
  return version;
}

interface Journey {
  /** Until nothing more happens, or the power fails. */
  run(
    world: InstallWorld & { readonly second: Awaited<ReturnType<typeof InstallWorld.servingOne>>["second"] },
  ): Promise<void>;
  /** Goes on after the power is back. */
  goOn(world: InstallWorld): Promise<void>;
  readonly endsAt: { readonly version: number; readonly report: string };
}

const FORWARD: Journey = {
  run: async (world) => {
    world.want(2, world.second);
    await world.settle();
    await predictWhileLit(world, 20);
    await world.pass(2);
  },
  goOn: async (world) => {
    await world.pass(1);
    await world.predictTimes(20);
    await world.pass(2);
  },
  endsAt: { version: 2, report: "committed" },
};

const BACK: Journey = {
  run: async (world) => {
    world.want(2, world.second);
    await world.settle();
    // It was well when it was tried, and is not in use.
    world.rig.engine.answer = isBroken;
    await predictWhileLit(world, 3);
    await world.pass(2);
  },
  goOn: async (world) => {
    world.rig.engine.answer = itself;
    await world.pass(1);
    world.rig.engine.answer = isBroken;
    await world.predictTimes(3);
    await world.pass(2);
  },
  endsAt: { version: 1, report: "rolled-back PROBATION_FAILED" },
};

/** A prediction that waits for a store without power never ends. */
async function predictWhileLit(world: InstallWorld, times: number): Promise<void> {
  for (let at = 0; at < times; at += 1) {
    void world.predict().catch(() => undefined);
    await world.settle();
  }
}

/** One journey with one cut; whether the power failed at all, and what served right after it was back. */
async function travel({ run, goOn, endsAt }: Journey, cut: PowerCut): Promise<boolean> {
  const world = await InstallWorld.servingOne(options);
  const stores = new LosingStores(world.rig, () => world.rig.kill());
  stores.cutAt(cut);
  await run(world);
  if (!stores.wasCut) return false;
  await stores.restore();

  world.rig.engine.answer = itself;
  await world.rig.start();
  const at = JSON.stringify(cut);
  expect([1, 2], `served after ${at}`).toContain(await whole(world));
  await goOn(world);
  world.rig.engine.answer = itself;
  expect({ version: await whole(world), report: world.lastReport }, `ends after ${at}`).toEqual(endsAt);
  return true;
}

describe("R28: a device whose power fails, with stores that lose what was not asked to be durable,", () => {
  test.each([
    ["on its way to a version that works", FORWARD],
    ["on its way back from a version that fails", BACK],
  ])(
    "%s: serves a whole version after every cut, and ends where it was going",
    { timeout: 120_000 },
    async (_, journey) => {
      let atWrite = 1;
      for (; ; atWrite += 1) {
        const cuts = await Promise.all(cutsAt(atWrite).map((cut) => travel(journey, cut)));
        if (!cuts.includes(true)) break;
        expect(cuts).not.toContain(false);
      }

      // Each of the states is one write at least.
      expect(atWrite).toBeGreaterThan(7);
    },
  );
});
