import type { ProfileWindow } from "@fedge/protocol";
import { decodeVector, layoutOf, signedCell, type NumericFeature } from "@fedge/protocol/profile";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import type { DeviceRigOptions } from "../../testing/device-rig.js";
import { ANA, MonitorWorld } from "../../testing/monitor-world.js";
import { colourFeature, numericFeature, type ProfileChange } from "../../testing/sample-profile.js";

/** A whole number of minutes. */
const START_MS = 28_333_333 * 60_000;
const WINDOW = 28_333_333;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

type World = MonitorWorld;
const World = {
  create: (change: ProfileChange = {}, rig: Partial<DeviceRigOptions> = {}): Promise<MonitorWorld> =>
    MonitorWorld.create(change, {
      ...{ digest: nodeDigest, newStop: () => new AbortController(), settle, startMs: START_MS, rig },
    }),
};

function cellsOf(
  { profile }: MonitorWorld,
  sent: ProfileWindow | undefined,
): Readonly<Record<string, number[]>> {
  const layout = layoutOf(profile);
  const vector = decodeVector(Buffer.from(sent?.vector ?? "", "base64"), layout.numCells);
  const { features, numCells: _, ...ranges } = layout;
  const all = [...Object.entries(ranges), ...features.map(({ name, counts }) => [name, counts] as const)];
  return Object.fromEntries(all.map(([name, { at, size }]) => [name, [...vector.subarray(at, at + size)]]));
}

/** The truth, in the bins of `numericFeature`. */
const truthFeature = (): NumericFeature =>
  numericFeature({
    ...{ name: "truth", role: "label" },
    source: { take: "value", of: "label", name: "label", at: 0 },
  });

/** As uniform as the reference, in no order: 49 and 120 have no common factor. */
const UNIFORM = Array.from({ length: 120 }, (_, at) => (((at * 49) % 120) + 0.5) / 120);
const SHIFTED = UNIFORM.map((value) => 0.5 + value / 2);

describe("a device that serves a version with a profile", () => {
  test("sends the counts of each window once it has ended, and says what it makes of it", async () => {
    const world = await World.create();
    await world.start();
    const verdicts: string[] = [];
    world.rig.device.on("drift", ({ verdict }) => verdicts.push(verdict));
    await world.predict(...UNIFORM);
    await world.pass(60);

    expect(world.server.windows).toMatchObject([{ model: "digits", version: 1, window: WINDOW }]);
    const cells = cellsOf(world, world.server.windows[0]);
    expect(cells["x"]).toEqual([30, 30, 30, 30, 0, 0, 0, 0, 0]);
    expect(cells["rows"]).toEqual([1, 120, 120, 0]);
    expect(cells["verdict"]).toEqual([0, 0, 1, 0, 0, 0, 0]);
    expect(verdicts).toEqual(["ok"]);
    expect(world.rig.device.status().drift).toMatchObject({
      digits: { version: 1, verdict: "ok", numRows: 120, windowEndedAtMs: START_MS + 60_000, features: [] },
    });
    expect(world.rig.errors).toEqual([]);
  });

  test("sends nothing of a version without one", async () => {
    const world = await World.create();
    await world.rig.start();
    await settle();
    world.server.desire(ANA, 1, await world.server.publishVersion(1));
    await world.pass(2);
    await world.predict(...UNIFORM);
    await world.pass(70);

    expect([world.server.windows, world.rig.device.status().drift]).toEqual([[], {}]);
  });

  test("sends the same window again, byte for byte, until the server has it", async () => {
    const world = await World.create();
    await world.start();
    world.server.hasWindows = false;
    await world.predict(...UNIFORM);
    await world.pass(60);
    world.cutLine();
    await world.pass(61);
    await world.rig.device.close();
    await world.rig.start();
    world.server.hasWindows = true;
    await world.pass(5);
    await world.rig.device.close();
    await world.rig.start();
    await world.pass(5);

    expect(world.server.windows).toHaveLength(3);
    expect(new Set(world.server.windows.map((window) => JSON.stringify(window))).size).toBe(1);
  });

  test("keeps what it could not send, and no more than the newest 28 windows", async () => {
    const world = await World.create({ window: { lengthMs: 1000, numKept: 3 } });
    await world.start();
    world.isReachable = false;
    world.cutLine();
    for (let window = 0; window < 30; window += 1) {
      await world.predict(0.5);
      await world.pass(1);
    }
    world.isReachable = true;
    await world.pass(61);

    const sent = new Set(world.server.windows.map(({ window }) => window));
    expect(sent.size).toBe(28);
    expect(Math.max(...sent) - Math.min(...sent)).toBe(27);
  });

  test("sends nothing without consent to reporting, and forgets what waits when that is withdrawn", async () => {
    const world = await World.create({}, { options: { consent: { reporting: false } } });
    await world.start();
    await world.predict(...UNIFORM);
    await world.pass(60);
    world.rig.device.setConsent({ reporting: true });
    world.cutLine();
    await world.pass(61);
    expect(world.server.windows).toEqual([]);

    world.server.hasWindows = false;
    await world.predict(...UNIFORM);
    await world.pass(60);
    expect(world.server.windows).toHaveLength(1);
    world.rig.device.setConsent({ reporting: false });
    await settle();
    world.rig.device.setConsent({ reporting: true });
    world.cutLine();
    await world.pass(61);
    expect(world.server.windows).toHaveLength(1);
    expect(await world.rig.store.keys("drift/unsent/")).toEqual([]);
  });

  test("forgets counts, and what waits, when the person erases the log", async () => {
    const world = await World.create();
    await world.start();
    world.server.hasWindows = false;
    await world.predict(...UNIFORM);
    await world.pass(60);
    await world.predict(...UNIFORM);
    await world.rig.device.featureLog.erase();
    await world.predict(0.5);
    await world.rig.device.close();
    await world.rig.start();
    await world.pass(61);

    expect(world.server.windows.map((window) => cellsOf(world, window)["rows"])).toEqual([
      [1, 120, 120, 0],
      [1, 1, 1, 0],
    ]);
    expect(world.server.windows[1]?.window).toBe(WINDOW + 1);
  });

  test("leaves nothing behind when it is forgotten", async () => {
    const world = await World.create();
    await world.start();
    await world.predict(...UNIFORM);
    await world.pass(20);
    await world.rig.device.forget();
    await world.pass(90);

    expect([await world.rig.store.keys("drift/"), world.server.windows]).toEqual([[], []]);
  });

  test("ends the window of a version when another one serves, and counts none of its rows twice", async () => {
    const world = await World.create();
    await world.start();
    await world.predict(0.1, 0.2);
    await world.install(2);
    await world.predict(0.9);
    await world.pass(60);

    const rows = world.server.windows.map((window) => [window.version, cellsOf(world, window)["x"]]);
    expect(rows).toEqual([
      [1, [2, 0, 0, 0, 0, 0, 0, 0, 0]],
      [2, [0, 0, 0, 1, 0, 0, 0, 0, 0]],
    ]);
  });

  test("counts fields that are noted, and labels, with the version that predicted", async () => {
    const world = await World.create({
      features: [numericFeature(), colourFeature()],
      outcomes: { errorUnit: 2 },
    });
    await world.start();
    const [first, second] = await world.predict(0.1, 0.2);
    await world.rig.device.log(first!, { colour: "red" });
    await world.rig.device.log(first!, { colour: "blue", place: "home" });
    await world.pass(5);
    // Version 1 answers 1: an error of 4 is two units; the square, 4, is 64 sixteenths. Seven seconds or so: bin 3.
    await world.rig.device.label(second!, [5]);
    await world.rig.device.label(second!, [9]);
    await world.pass(60);

    const cells = cellsOf(world, world.server.windows[0]);
    expect(cells["colour"]).toEqual([1, 0, 0, 0, 0]);
    expect(cells["labels"]).toEqual([1, 0, 0, 0, 64]);
    expect(cells["delays"]?.indexOf(1)).toBe(3);
  });

  test("counts labels and fields without a feature log, each prediction's first label once", async () => {
    const features = [numericFeature(), colourFeature()];
    const noLog = { options: { featureLog: false as const }, learnsFromLog: false };
    const world = await World.create({ features, outcomes: { errorUnit: 2, labelHorizonMs: 20_000 } }, noLog);
    await world.start();
    const [first, second, third] = await world.predict(0.1, 0.2, 0.3);
    await world.rig.device.log(first!, { colour: "red" });
    await world.rig.device.label(second!, [5]);
    await world.rig.device.label(second!, [9]);
    await world.pass(21);
    await world.rig.device.label(third!, [5]);
    await world.pass(40);

    const cells = cellsOf(world, world.server.windows[0]);
    expect(cells["colour"]).toEqual([1, 0, 0, 0, 0]);
    expect(cells["labels"]).toEqual([1, 0, 0, 0, 64]);
    expect(await world.rig.store.keys("log/")).toEqual([]);
  });

  test("counts a label as a feature once, in the window in which it comes, and none that does not", async () => {
    const world = await World.create({ features: [numericFeature(), truthFeature()] });
    await world.start();
    const [first, second] = await world.predict(0.1, 0.2, 0.3);
    await world.rig.device.label(first!, [0.3]);
    await world.pass(60);
    await world.rig.device.label(second!, [0.9]);
    await world.rig.device.label(second!, [0.1]);
    await world.pass(60);
    await world.rig.device.label(second!, [0.1]);
    await world.pass(60);

    const windows = world.server.windows.map((window) => cellsOf(world, window));
    expect(windows.map(({ truth, rows }) => [truth?.slice(0, 4), rows?.[1]])).toEqual([
      [[0, 1, 0, 0], 3],
      [[0, 0, 0, 1], 0],
    ]);
    expect(windows.map(({ truth }) => truth?.slice(4))).toEqual(windows.map(() => [0, 0, 0, 0, 0]));
  });

  test("reads a note of an input into its prediction, and counts it missing where nothing is noted", async () => {
    const world = await World.create({ features: [numericFeature(), colourFeature({ role: "input" })] });
    await world.start();
    const [first] = await world.predict(0.1, 0.2);
    await world.rig.device.log(first!, { colour: "red" });
    await world.rig.device.log(first!, { colour: "blue" });
    await world.pass(60);

    expect(cellsOf(world, world.server.windows[0])["colour"]).toEqual([0, 1, 0, 1, 0]);
  });

  test("counts no label that comes after the horizon", async () => {
    const features = [numericFeature(), truthFeature()];
    const world = await World.create({ features, outcomes: { labelHorizonMs: 3000 } });
    await world.start();
    const [id] = await world.predict(0.1);
    await world.pass(4);
    await world.rig.device.label(id!, [5]);
    await world.pass(60);

    const { labels, truth } = cellsOf(world, world.server.windows[0]);
    expect(labels).toEqual([0, 0, 0, 0, 0]);
    expect(truth?.every((count) => count === 0)).toBe(true);
  });
});

describe("a verdict", () => {
  async function drifting(): Promise<World> {
    const world = await World.create({}, { learnsFromLog: false });
    await world.start();
    for (let window = 0; window < 2; window += 1) {
      await world.predict(...SHIFTED);
      await world.pass(60);
    }
    return world;
  }

  test("of one window that exceeds is a warning; of two it is drift, which the serving metrics count", async () => {
    const world = await World.create();
    await world.start();
    const verdicts: string[] = [];
    world.rig.device.on("drift", ({ verdict }) => verdicts.push(verdict));
    for (const rows of [SHIFTED, SHIFTED, UNIFORM, UNIFORM, UNIFORM]) {
      await world.predict(...rows);
      await world.pass(60);
    }
    await world.pass(60);

    // E, EE, EEC: two of three; then one of three right after a drift; then none.
    expect(verdicts).toEqual(["warning", "drift", "drift", "warning", "ok"]);
    expect(world.server.metrics.at(-1)).toMatchObject({ numWindows: 5, numDriftWindows: 2 });
  });

  test("of drift keeps the device from training on it, and says so, until it is over", async () => {
    const world = await drifting();
    expect(world.rig.device.status().waitingFor).toEqual(['the data of "digits" have drifted']);
    expect(world.rig.device.status().drift["digits"]?.features).toMatchObject([
      { name: "x", verdict: "drift" },
    ]);

    for (let window = 0; window < 2; window += 1) {
      await world.predict(...UNIFORM);
      await world.pass(60);
    }
    expect(world.rig.device.status().waitingFor).toEqual([]);
  });

  test("of drift is not over after a window of too few rows to be judged", async () => {
    const world = await drifting();
    await world.predict(...UNIFORM.slice(0, 3));
    await world.pass(60);

    expect(world.rig.device.status()).toMatchObject({
      drift: { digits: { verdict: "not_enough_data" } },
      waitingFor: ['the data of "digits" have drifted'],
    });
  });

  test("of drift is still there after a restart", async () => {
    const world = await drifting();
    await world.rig.device.close();
    await world.rig.start();
    await world.pass(1);

    expect(world.rig.device.status()).toMatchObject({
      drift: { digits: { verdict: "drift" } },
      waitingFor: ['the data of "digits" have drifted'],
    });
  });

  test("of broken data comes with the first window, for five rows that are not as the schema says", async () => {
    const feature = numericFeature({ range: { min: 0, max: 1 }, mostly: 0.99 });
    const world = await World.create({ features: [feature] });
    await world.start();
    await world.predict(...UNIFORM.slice(0, 20), 3, 3, 3, 3, 3);
    await world.pass(60);

    expect(world.rig.device.status().drift).toMatchObject({
      digits: { verdict: "broken_data", features: [{ reason: "5 of 25 rows are not as the schema says" }] },
    });
  });
});

test("the sums of standardised values are signed", async () => {
  const world = await World.create();
  await world.start();
  await world.predict(0);
  await world.pass(60);
  const layout = layoutOf(world.profile);
  const vector = decodeVector(Buffer.from(world.server.windows[0]!.vector, "base64"), layout.numCells);

  // -0.5 over the root of a twelfth is -1.732: -111 sixty-fourths.
  expect(signedCell(vector[layout.features[0]!.moments.at]!)).toBe(-111);
});
