import type { DesiredModel } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { DEFAULT_INSTALL_POLICY } from "../installs/default-policy.js";
import { nodeDigest } from "../../node/digest.js";
import { ANA, MonitorWorld } from "../../testing/monitor-world.js";
import { numericFeature } from "../../testing/sample-profile.js";

/** A whole number of minutes, and windows of one. */
const START_MS = 28_333_333 * 60_000;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** As uniform as the reference, in no order: 49 and 120 have no common factor. */
const UNIFORM = Array.from({ length: 120 }, (_, at) => (((at * 49) % 120) + 0.5) / 120);
const SHIFTED = UNIFORM.map((value) => 0.5 + value / 2);

const ROLLOUT = "canary";
const going = (onDrift: "stay" | "back", more: Partial<DesiredModel> = {}): Partial<DesiredModel> => ({
  ...{ rolloutId: ROLLOUT, policy: { ...DEFAULT_INSTALL_POLICY, onDrift } },
  ...more,
});

/** Version 1, and then version 2 by a rollout of that policy. */
async function serving(onDrift: "stay" | "back", change = {}): Promise<MonitorWorld> {
  const world = await MonitorWorld.create(change, {
    ...{ digest: nodeDigest, newStop: () => new AbortController(), settle, startMs: START_MS },
  });
  await world.start();
  await world.install(2, going(onDrift));
  return world;
}

async function drift(world: MonitorWorld, numWindows = 2): Promise<void> {
  for (let window = 0; window < numWindows; window += 1) {
    await world.predict(...SHIFTED);
    await world.pass(60);
  }
}

const reportsOf = (world: MonitorWorld): string[] =>
  world.server.reports.map(({ version, state, code }) => [state, version, code].filter(Boolean).join(" "));

describe("a version whose data drift on the device", () => {
  test("stays where its policy says nothing of it", async () => {
    const world = await serving("stay");

    await drift(world, 3);

    expect(world.rig.device.status()).toMatchObject({
      ...{ versions: { digits: 2 }, drift: { digits: { version: 2, verdict: "drift" } } },
    });
  });

  test("gives way to the version before where its policy wants that, and the server is told why", async () => {
    const world = await serving("back");
    await drift(world, 1);
    expect(world.rig.device.model("digits").version).toBe(2);

    await drift(world, 1);

    expect(world.rig.device.status()).toMatchObject({
      versions: { digits: 1 },
      installs: { digits: { version: 2, state: "rolled-back", code: "DATA_DRIFTED" } },
    });
    expect(reportsOf(world).slice(-2)).toEqual(["rolling-back 2 DATA_DRIFTED", "rolled-back 2 DATA_DRIFTED"]);
    expect(world.server.reports.at(-1)?.message).toBe('the data of "digits" have drifted');
    expect(world.rig.errors).toEqual([]);
  });

  test("gives way at once for rows that are not as the schema says", async () => {
    const feature = numericFeature({ range: { min: 0, max: 1 }, mostly: 0.99 });
    const world = await serving("back", { features: [feature] });
    await world.predict(...UNIFORM.slice(0, 20), 3, 3, 3, 3, 3);
    await world.pass(60);

    expect(world.rig.device.model("digits").version).toBe(1);
    expect(world.server.reports.at(-1)?.message).toBe('the data of "digits" are broken');
  });

  test("goes once: what drifts under the version before, too, changes nothing more", async () => {
    const world = await serving("back");
    await drift(world);
    const numReports = world.server.reports.length;

    await drift(world, 4);

    expect(world.rig.device.status()).toMatchObject({
      ...{ versions: { digits: 1 }, drift: { digits: { version: 1, verdict: "drift" } } },
    });
    expect(world.server.reports).toHaveLength(numReports);
  });

  test("does not come back by itself, with a release for the whole fleet or a restart, but with another rollout", async () => {
    const world = await serving("back");
    await drift(world);
    const second = await world.publish(2);
    world.server.desire(ANA, 2, second, 9);
    await world.pass(2);
    await world.rig.device.close();
    await world.rig.start();
    await world.pass(2);
    expect(world.rig.device.model("digits").version).toBe(1);

    world.server.desire(ANA, 2, second, 10, going("back", { rolloutId: "again" }));
    await world.pass(2);

    expect(world.rig.device.model("digits").version).toBe(2);
    await world.rig.device.close();
    await world.rig.start();
    await world.pass(2);
    expect(world.rig.device.model("digits").version).toBe(2);
    await drift(world);
    expect(world.rig.device.model("digits").version).toBe(1);
  });

  test("gives way also after its rollout, when the whole fleet runs it", async () => {
    const world = await serving("back");
    world.server.desire(ANA, 2, await world.publish(2), 3);
    await world.pass(2);

    await drift(world);

    expect(world.rig.device.model("digits").version).toBe(1);
  });

  test("gives way after a kill between the verdict and what follows from it, without a server", async () => {
    const world = await serving("back");
    await drift(world, 1);
    world.isReachable = false;
    world.cutLine();
    const { store } = world.rig;
    const { write } = store;
    // The disk fails for the installation's record alone, so that the verdict is kept and nothing else.
    let isFull = true;
    Object.assign(store, {
      write: (...[changes, options]: Parameters<typeof write>) =>
        isFull && changes.some(([key]) => key === "install/digits")
          ? new Promise<void>(() => undefined)
          : write(changes, options),
    });
    await drift(world, 1);
    expect(world.rig.device.model("digits").version).toBe(2);
    isFull = false;
    world.rig.kill();
    await world.rig.start();
    await world.pass(2);

    expect(world.rig.device.model("digits").version).toBe(1);
  });
});
