import { FedgeError, encodeManifest, encodeSafetensors, type ModelManifest } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { InstallWorld, type InstallWorldOptions } from "../../testing/install-world.js";
import type { Baseline } from "./baseline.js";

const options: InstallWorldOptions = {
  digest: nodeDigest,
  newStop: () => new AbortController(),
  settle: async () => {
    for (let turn = 0; turn < 30; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  },
};

/** Version 7 of the model, as an app brings it. */
async function seventh(): Promise<Baseline> {
  const refOf = async (bytes: Uint8Array) => ({
    sha256: await nodeDigest.sha256(bytes),
    sizeBytes: bytes.byteLength,
  });
  const weight = { name: "weight", elementType: "float32" as const, shape: [1] };
  const checkpoint = encodeSafetensors([{ ...weight, data: Float32Array.of(7) }]);
  const infer = new TextEncoder().encode("infer graph");
  const port = { name: "input", elementType: "float32" as const, shape: [null, 1] };
  const manifest = encodeManifest({
    ...{
      format: 1,
      model: "digits" as ModelManifest["model"],
      version: 7,
      graphs: { infer: await refOf(infer) },
    },
    ...{ checkpoint: await refOf(checkpoint), parameters: [weight], state: [], proximal: false },
    ...{ inputs: [port], outputs: [{ ...port, name: "answer" }], minRuntimeVersion: "0.1.0" },
    lineage: { parentVersion: null, taskId: null, roundId: null, numUpdates: 0, numExamples: 0 },
  });
  return { manifest, blobs: [infer, checkpoint] };
}

const withBaseline = async (): Promise<InstallWorldOptions> => ({
  ...options,
  options: { consent: { reporting: true }, baseline: { digits: await seventh() } },
});

describe("a version that comes with the app", () => {
  test("serves at the first start, out of touch", async () => {
    const world = new InstallWorld(await withBaseline());
    world.isReachable = false;
    await world.rig.start();

    expect((await world.predict()).version).toBe(7);
  });

  test("does not serve when one of its blobs is missing", async () => {
    const { manifest, blobs } = await seventh();
    const baseline = { digits: { manifest, blobs: blobs.slice(1) } };
    const world = new InstallWorld({ ...options, options: { baseline } });
    await world.rig.start();

    expect(world.version).toBeNull();
    expect(world.rig.device.status().problems).toMatchObject([{ code: "STORAGE_FAILED" }]);
  });

  test("gives way to what the fleet runs, and comes back when that fails its probation", async () => {
    const world = new InstallWorld(await withBaseline());
    await world.rig.start();
    await world.settle();
    world.want(2, await world.server.publishVersion(2));
    await world.settle();
    const during = world.version;
    world.rig.engine.answer = (version) => (version === 2 ? NaN : version);
    const answered = await world.predictTimes(2);

    expect([during, answered, world.version]).toEqual([2, [7, 7], 7]);
    expect(world.lastReport).toBe("rolled-back PROBATION_FAILED");
  });

  test("R27: serves in safe mode when the version before crashes as well", async () => {
    const world = new InstallWorld(await withBaseline());
    await world.rig.start();
    world.server.desire(world.rig.deviceId, 1, await world.server.publishVersion(1));
    await world.settle();
    world.want(2, await world.server.publishVersion(2));
    await world.settle();
    world.rig.engine.onLoad = (version) => {
      if (version === 1) throw new FedgeError("ENGINE_FAILED", "it does not load any more");
    };
    // Three processes end with version 2; the start that goes back finds that version 1 does not load.
    for (let crash = 1; crash <= 3; crash += 1) {
      world.rig.kill();
      await world.rig.start();
      await world.pass(2);
    }

    expect((await world.predict()).version).toBe(7);
    expect(world.lastReport).toBe("safe-mode ROLLBACK_FAILED");
  });

  test("leaves a clear state behind where there is none: nothing serves, and a request says why", async () => {
    const world = await InstallWorld.servingOne(options);
    world.want(2, world.second);
    await world.settle();
    world.rig.engine.answer = () => NaN;
    await world.predictTimes(2);

    expect(world.version).toBeNull();
    await expect(world.predict()).rejects.toMatchObject({ code: "MODEL_NOT_READY" });
    expect(world.rig.device.status().installs["digits"]).toMatchObject({
      state: "safe-mode",
      code: "ROLLBACK_FAILED",
    });
  });
});

describe("a shadow", () => {
  async function withShadow(): Promise<InstallWorld> {
    const world = await InstallWorld.servingOne({
      ...options,
      options: { consent: { reporting: true }, metricsIntervalMs: 1000 },
    });
    const first = await world.server.publishVersion(1);
    const shadow = { version: 2, manifest: world.second, rolloutId: "beside" };
    world.server.desire(world.rig.deviceId, 1, first, 2, { shadow });
    await world.settle();
    return world;
  }

  test("gets the requests that the app makes, and what it answers is counted and nothing else", async () => {
    const world = await withShadow();
    world.rig.engine.answer = (version) => (version === 2 ? 1.0005 : version);
    const answered = await world.predictTimes(3);
    world.rig.engine.answer = (version) => (version === 2 ? 1.01 : version);
    await world.predictTimes(2);
    await world.pass(1);

    expect(answered).toEqual([1, 1, 1]);
    // Within a thousandth three times, one in a hundred away twice.
    expect(world.server.metrics.at(-1)?.shadow).toEqual({
      version: 2,
      numCompared: 5,
      numAgreed: 3,
      numErrors: 0,
    });
    expect(world.server.reports.at(-1)).toMatchObject({
      state: "committed",
      version: 2,
      rolloutId: "beside",
    });
  });

  test("that throws is counted, and the app has its answers", async () => {
    const world = await withShadow();
    world.rig.engine.answer = (version) => {
      if (version === 2) throw new FedgeError("ENGINE_FAILED", "no");
      return version;
    };
    const answered = await world.predictTimes(2);
    await world.pass(1);

    expect(answered).toEqual([1, 1]);
    expect(world.server.metrics.at(-1)?.shadow).toMatchObject({ numCompared: 0, numErrors: 2 });
  });

  test("ends, and is freed, when it is not wanted any more", async () => {
    const world = await withShadow();
    const during = world.rig.engine.numOpen;
    world.server.desire(world.rig.deviceId, 1, await world.server.publishVersion(1), 3);
    await world.settle();

    expect([during, world.rig.engine.numOpen]).toEqual([2, 1]);
  });
});
