import { encodeSafetensors, type NamedTensor } from "@fedge/protocol";
import { goldenFeatures } from "@fedge/protocol/profile";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { MonitorWorld } from "../../testing/monitor-world.js";

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

const rows: readonly NamedTensor[] = [
  { name: "inputs/input", elementType: "float32", shape: [2, 1], data: Float32Array.of(0.25, 0.75) },
];

/** Golden rows with the value of the one feature, `x`: the first number of `input`. */
function withValues(...values: number[]): Uint8Array {
  const data = Float64Array.from(values);
  return encodeSafetensors([...rows, { name: "features/x", elementType: "float64", shape: [2], data }]);
}

const create = (): Promise<MonitorWorld> =>
  MonitorWorld.create(
    {},
    { digest: nodeDigest, newStop: () => new AbortController(), settle, startMs: 60_000_000 },
  );

describe("golden rows of a version's reference profile", () => {
  test("that this feature code confirms prove the monitor", async () => {
    const world = await create();
    const packaged = encodeSafetensors([...rows, ...goldenFeatures(world.profile, rows)]);
    world.changes = { goldenFeatures: await world.server.publishBlob(packaged) };
    await world.start();

    expect(world.rig.device.status()).toMatchObject({
      ...{ versions: { digits: 1 }, drift: { digits: { isProven: true } }, problems: [] },
    });
    expect(await world.rig.blobs.list()).toContain(world.changes.goldenFeatures?.sha256);
  });

  test("that are not there leave it unproven, which its status says", async () => {
    const world = await create();
    await world.start();

    expect(world.rig.device.status().drift).toMatchObject({ digits: { version: 1, isProven: false } });
  });

  test("that it contradicts keep the version from serving, loudly", async () => {
    const world = await create();
    world.changes = { goldenFeatures: await world.server.publishBlob(withValues(0.25, 0.75)) };
    await world.start();
    world.changes = { goldenFeatures: await world.server.publishBlob(withValues(0.25, 0.8)) };
    await world.install(2);

    const { versions, drift, problems } = world.rig.device.status();
    expect([versions, drift]).toMatchObject([{ digits: 1 }, { digits: { version: 1, isProven: true } }]);
    const words = 'version 2 of "digits": feature "x" is 0.75 here for golden row 1, where 0.8 is expected';
    expect(problems).toEqual([{ code: "FEATURE_SKEW", message: expect.stringContaining(words) }]);
    expect(world.server.reports.at(-1)).toMatchObject({ version: 2, state: "failed", code: "FEATURE_SKEW" });
    expect(world.rig.errors).toMatchObject([{ code: "FEATURE_SKEW" }]);
  });

  test("are no problem any more once a version serves that they prove", async () => {
    const world = await create();
    world.changes = { goldenFeatures: await world.server.publishBlob(withValues(1, 2)) };
    await world.start();
    expect(world.rig.device.status().problems).toMatchObject([{ code: "FEATURE_SKEW" }]);

    world.changes = { goldenFeatures: await world.server.publishBlob(withValues(0.25, 0.75)) };
    await world.install(2);

    expect(world.rig.device.status()).toMatchObject({ versions: { digits: 2 }, problems: [] });
  });
});
