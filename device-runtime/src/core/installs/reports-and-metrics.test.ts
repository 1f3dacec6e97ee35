import { FedgeError, decodeEnvelope, birth, deviceTopic } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { InstallWorld, STRICT, type InstallWorldOptions } from "../../testing/install-world.js";
import { TENANT } from "../../testing/scripted-server.js";
import type { ReleaseTrust } from "../trust/release-trust.js";

const options: InstallWorldOptions = {
  digest: nodeDigest,
  newStop: () => new AbortController(),
  settle: async () => {
    for (let turn = 0; turn < 30; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  },
};
const atOnce = { policy: { ...STRICT, probation: { ...STRICT.probation, minPredictions: 0 } } };

describe("reports of an attempt", () => {
  test("have its rollout and steps that only grow", async () => {
    const world = await InstallWorld.servingOne(options);
    world.want(2, world.second, { attempt: 4 });
    await world.settle();
    await world.predictTimes(20);

    const steps = world.server.reports.map(({ step }) => step ?? 0);
    expect(steps).toEqual([...steps].sort((one, other) => one - other));
    expect(new Set(steps).size).toBe(steps.length);
    expect(world.server.reports.at(-1)).toMatchObject({
      ...{ rolloutId: "canary", attempt: 4, releaseCounter: 2, state: "committed" },
    });
  });

  test("that could not be sent are sent by the next process", async () => {
    const world = await InstallWorld.servingOne(options);
    world.want(2, world.second);
    await world.settle();
    world.isReachable = false;
    world.broker.cut(world.rig.deviceId);
    world.rig.engine.answer = (version) => (version === 2 ? NaN : version);
    await world.predictTimes(2);
    await world.rig.device.close();
    world.isReachable = true;
    await world.rig.start();
    await world.settle();

    expect(world.lastReport).toBe("rolled-back PROBATION_FAILED");
  });

  test("are not sent without consent; a birth says what serves as soon as it does", async () => {
    const world = await InstallWorld.servingOne({
      ...options,
      options: { consent: { reporting: false }, attributes: { region: "eu" } },
    });
    const births: unknown[] = [];
    world.broker.onPublished((topic, payload) => {
      if (topic === deviceTopic(TENANT, world.rig.deviceId, "birth"))
        births.push(decodeEnvelope(payload, birth, "birth").body);
    });
    world.want(2, world.second, atOnce);
    await world.settle();

    expect([world.server.reports, world.server.metrics]).toEqual([[], []]);
    expect(births.at(-1)).toMatchObject({
      models: [{ model: "digits", version: 2, releaseCounter: 2 }],
      attributes: { region: "eu" },
    });
  });
});

describe("serving metrics", () => {
  const everySecond: InstallWorldOptions = {
    ...options,
    options: { consent: { reporting: true }, metricsIntervalMs: 1000 },
  };

  test("count predictions by their time", async () => {
    const world = await InstallWorld.servingOne(everySecond);
    world.rig.engine.runUs = () => 31;
    await world.predictTimes(2);
    world.rig.engine.runUs = () => 64;
    await world.predictTimes(1);
    await world.pass(1);

    const { latency, ...counts } = world.server.metrics.at(-1) ?? { latency: [] };
    expect(counts).toMatchObject({
      version: 1,
      numPredictions: 3,
      numErrors: 0,
      numFallbacks: 0,
      installation: 1,
    });
    // Edges at 32, 64 and 128 microseconds: two below the first, one in [64, 128).
    expect(latency.slice(0, 4)).toEqual([2, 0, 1, 0]);
  });

  test("are not sent while nothing changes", async () => {
    const world = await InstallWorld.servingOne(everySecond);
    await world.predictTimes(1);
    await world.pass(10);

    expect(world.server.metrics.filter(({ numPredictions }) => numPredictions === 1)).toHaveLength(1);
  });

  test("go on after a restart, with the crash that ended the process before", async () => {
    const world = await InstallWorld.servingOne(everySecond);
    world.want(2, world.second);
    await world.settle();
    await world.predictTimes(3);
    await world.pass(1);
    world.rig.kill();
    await world.rig.start();
    await world.predictTimes(1);
    await world.pass(2);

    expect(world.server.metrics.at(-1)).toMatchObject({ version: 2, numPredictions: 4, numCrashes: 1 });
  });

  test("count requests that the version before answered instead", async () => {
    const world = await InstallWorld.servingOne(everySecond);
    world.want(2, world.second);
    await world.settle();
    world.rig.engine.answer = (version) => (version === 2 ? NaN : version);
    await world.predictTimes(2);
    await world.pass(1);

    const ofTwo = world.server.metrics.filter(({ version }) => version === 2);
    expect(ofTwo.at(-1)).toMatchObject({ numPredictions: 2, numErrors: 2, numFallbacks: 2 });
  });

  test("count what the app notes as true or false, once for each prediction, and no other field", async () => {
    const world = await InstallWorld.servingOne(everySecond);
    const { device } = world.rig;
    const [first, second] = [await world.predict(), await world.predict()];
    await device.log(first.id, { useful: true, word: "private" });
    await device.log(first.id, { useful: false });
    await device.log(second.id, { useful: false, action: "accepted" });
    await world.pass(1);

    expect(world.server.metrics.at(-1)?.proxies).toEqual({
      useful: { numTrue: 1, numAll: 2 },
      accepted: { numTrue: 1, numAll: 1 },
    });
  });
});

describe("a device that believes only what is signed", () => {
  function trustOf(changes: Partial<ReleaseTrust>): {
    readonly trust: ReleaseTrust;
    readonly committed: number[];
  } {
    const committed: number[] = [];
    const trust: ReleaseTrust = {
      refresh: async () => undefined,
      verifyDesired: async () => undefined,
      accept: async () => ({ releaseCounter: 5, minRuntimeVersion: "0.1.0" }),
      committed: async (_, { releaseCounter }) => void committed.push(releaseCounter),
      close: () => undefined,
      ...changes,
    };
    return { trust, committed };
  }

  test("rejects a desired state that nobody signed, and fetches nothing", async () => {
    const refused = new FedgeError("RELEASE_UNSIGNED", "no key of the role timestamp has signed it");
    const { trust } = trustOf({ verifyDesired: () => Promise.reject(refused) });
    const world = new InstallWorld({ ...options, trust });
    await world.rig.start();
    await world.settle();
    world.want(2, await world.server.publishVersion(2));
    await world.settle();

    expect([world.version, world.lastReport]).toEqual([null, "rejected RELEASE_UNSIGNED"]);
    expect(world.carried.filter((topic) => topic.includes("/blob/"))).toEqual([]);
  });

  test("looks again at a desired state whose signature it could not check for want of room", async () => {
    let hasRoom = false;
    const { trust } = trustOf({
      verifyDesired: async () => {
        if (!hasRoom) throw new FedgeError("STORAGE_FULL", "no room for the metadata");
      },
    });
    const world = new InstallWorld({ ...options, trust });
    await world.rig.start();
    await world.settle();
    world.want(2, await world.server.publishVersion(2), atOnce);
    await world.settle();
    expect(world.version).toBeNull();

    hasRoom = true;
    world.clock.advance(600_000);
    await world.settle();

    expect(world.version).toBe(2);
  });

  test("rejects a release that the metadata do not mean for it", async () => {
    const refused = new FedgeError("RELEASE_OUT_OF_SCOPE", "another tenant's");
    const { trust } = trustOf({ accept: () => Promise.reject(refused) });
    const world = new InstallWorld({ ...options, trust });
    await world.rig.start();
    await world.settle();
    world.want(2, await world.server.publishVersion(2));
    await world.settle();

    expect([world.version, world.lastReport]).toEqual([null, "rejected RELEASE_OUT_OF_SCOPE"]);
  });

  test("waits for metadata that have expired, and installs once they are fresh", async () => {
    let isFresh = false;
    const { trust, committed } = trustOf({
      accept: async () => {
        if (isFresh) return { releaseCounter: 5, minRuntimeVersion: "0.1.0" };
        throw new FedgeError("METADATA_EXPIRED", "the timestamp has expired");
      },
    });
    const world = new InstallWorld({ ...options, trust });
    await world.rig.start();
    world.want(2, await world.server.publishVersion(2), atOnce);
    await world.pass(5);
    const before = world.version;
    isFresh = true;
    await world.pass(61);

    expect([before, world.version, committed]).toEqual([null, 2, [5]]);
  });

  test("S2: installs nothing while the metadata have expired, and goes on serving what it has", async () => {
    let isFresh = true;
    const { trust } = trustOf({
      accept: async () => {
        if (isFresh) return { releaseCounter: 1, minRuntimeVersion: "0.1.0" };
        throw new FedgeError("METADATA_EXPIRED", "the timestamp has expired");
      },
    });
    const world = await InstallWorld.servingOne({ ...options, trust });
    const before = world.version;
    isFresh = false;
    world.want(2, world.second, atOnce);
    await world.pass(600);

    expect([before, world.version]).toEqual([1, 1]);
  });

  test("refuses a desired state for another device", async () => {
    const world = await InstallWorld.servingOne(options);
    const models = [{ model: "digits", version: 2, manifest: world.second }];
    world.server.desireAll(world.rig.deviceId, {
      type: "desired",
      releaseCounter: 9,
      deviceId: "bo",
      models,
    });
    await world.settle();

    expect([world.version, world.lastReport]).toEqual([1, "rejected RELEASE_OUT_OF_SCOPE"]);
  });
});
