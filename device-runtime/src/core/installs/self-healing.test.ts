import { FedgeError, blobTopic, type DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { InstallWorld, STRICT, type InstallWorldOptions } from "../../testing/install-world.js";
import { TENANT } from "../../testing/scripted-server.js";

const ana = "ana" as DeviceId;
const options: InstallWorldOptions = {
  digest: nodeDigest,
  newStop: () => new AbortController(),
  settle: async () => {
    for (let turn = 0; turn < 30; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  },
};
const probation = (changes: Partial<(typeof STRICT)["probation"]>) => ({
  policy: { ...STRICT, probation: { ...STRICT.probation, ...changes } },
});
const serving = (): ReturnType<typeof InstallWorld.servingOne> => InstallWorld.servingOne(options);

describe("R25: a broken version, without any server", () => {
  test("that throws when it is loaded changes nothing", async () => {
    const world = await serving();
    world.rig.engine.onLoad = (version) => {
      if (version === 2) throw new FedgeError("ENGINE_FAILED", "no such operator");
    };
    world.want(2, world.second);
    await world.settle();

    expect([world.version, world.lastReport]).toEqual([1, "failed ENGINE_FAILED"]);
  });

  test("that answers with no number when it is tried changes nothing", async () => {
    const world = await serving();
    world.rig.engine.answer = (version) => (version === 2 ? NaN : version);
    world.want(2, world.second);
    await world.settle();

    expect([world.version, world.lastReport]).toEqual([1, "failed MODEL_GOLDEN_MISMATCH"]);
  });

  test.each([
    ["answers with no number", () => NaN],
    [
      "throws",
      (): number => {
        throw new FedgeError("ENGINE_FAILED", "index out of bounds");
      },
    ],
  ])(
    "that %s in use goes by itself, and every request is answered by the version before",
    async (_, fail) => {
      const world = await serving();
      world.want(2, world.second);
      await world.settle();
      world.isReachable = false;
      world.broker.cut(ana);
      world.rig.engine.answer = (version) => (version === 2 ? fail() : version);

      const answered = await world.predictTimes(5);

      expect(answered).toEqual([1, 1, 1, 1, 1]);
      // Of the twenty predictions of its probation one may fail; the second failure ended it.
      expect(world.rig.installs.slice(-2)).toEqual(["rolling-back 2", "rolled-back 2"]);
      world.isReachable = true;
      await world.pass(5);
      expect(world.lastReport).toBe("rolled-back PROBATION_FAILED");
    },
  );

  test("that is ten times as slow goes by itself", async () => {
    const world = await serving();
    await world.predictTimes(20);
    world.rig.engine.runUs = (version) => (version === 2 ? 1000 : 100);
    world.want(2, world.second, probation({ minPredictions: 30 }));
    await world.settle();

    expect(await world.predictTimes(8)).toEqual(Array(8).fill(2));
    expect([world.version, world.lastReport]).toEqual([1, "rolled-back PROBATION_FAILED"]);
  });

  test("that is slower than it may be in most of its answers goes by itself once there are enough of them", async () => {
    const world = await serving();
    await world.predictTimes(20);
    let numRun = 0;
    world.rig.engine.runUs = (version) => (version === 2 && (numRun += 1) % 5 !== 0 ? 1000 : 100);
    world.want(2, world.second, probation({ minPredictions: 30 }));
    await world.settle();

    expect(await world.predictTimes(19)).toEqual(Array(19).fill(2));
    expect([await world.predictTimes(1), world.version]).toEqual([[2], 1]);
  });

  test("that lets memory grow beyond its policy goes by itself", async () => {
    const world = await serving();
    world.rig.memoryBytes = 5000;
    world.want(2, world.second);
    await world.settle();
    world.rig.memoryBytes = 6001;
    await world.predictTimes(1);

    expect([world.version, world.lastReport]).toEqual([1, "rolled-back PROBATION_FAILED"]);
  });

  test("stays where its policy wants no rollback, and says so", async () => {
    const world = await serving();
    world.want(2, world.second, { policy: { ...STRICT, rollback: "never" } });
    await world.settle();
    world.rig.engine.answer = (version) => (version === 2 ? NaN : version);
    await world.predictTimes(2);

    expect([world.version, world.lastReport]).toEqual([2, "not-rolled-back PROBATION_FAILED"]);
  });
});

describe("a version on probation", () => {
  test("stays after as many predictions as its policy wants, and not before", async () => {
    const world = await serving();
    world.want(2, world.second);
    await world.settle();
    await world.predictTimes(19);
    const before = world.rig.installs.at(-1);
    await world.predictTimes(1);

    expect([before, world.rig.installs.at(-1)]).toEqual(["probation 2", "committed 2"]);
    expect(world.rig.engine.numOpen).toBe(1);
  });

  test("stays after as long as its policy wants when nobody asks it", async () => {
    const world = await serving();
    world.want(2, world.second, probation({ minDurationMs: 60_000 }));
    await world.settle();
    await world.pass(59);
    const before = world.rig.installs.at(-1);
    await world.pass(2);

    expect([before, world.rig.installs.at(-1)]).toEqual(["probation 2", "committed 2"]);
  });

  test("stays only once a message of the server has come after the activation, where its policy wants one", async () => {
    const world = await serving();
    world.want(2, world.second, probation({ allowsOffline: false }));
    await world.settle();
    await world.predictTimes(20);

    expect(world.rig.installs.at(-1)).toBe("committed 2");
  });

  test("R26: goes at its deadline when the server was not heard since the activation", async () => {
    const world = await serving();
    world.rig.device.on("install", ({ state }) => {
      if (state !== "activating") return;
      world.isReachable = false;
      world.broker.cut(ana);
    });
    world.want(2, world.second, probation({ allowsOffline: false, deadlineMs: 300_000 }));
    await world.settle();
    await world.predictTimes(20);
    expect(world.version).toBe(2);
    await world.pass(301);

    expect(world.version).toBe(1);
    world.isReachable = true;
    await world.pass(90);
    expect(world.lastReport).toBe("rolled-back PROBATION_FAILED");
  });

  test("needs no network to go back: nothing is fetched again", async () => {
    const world = await serving();
    world.want(2, world.second);
    await world.settle();
    world.carried.length = 0;
    world.rig.engine.answer = (version) => (version === 2 ? NaN : version);
    await world.predictTimes(2);

    expect(world.version).toBe(1);
    expect(world.carried.filter((topic) => topic.includes("/blob/"))).toEqual([]);
  });

  test("finishes the request that it began even when it is rolled back meanwhile", async () => {
    const world = await serving();
    world.want(2, world.second);
    await world.settle();
    let open = (): void => undefined;
    world.rig.engine.gate = new Promise((resolve) => (open = resolve));
    const under = world.predict();
    world.rig.engine.gate = Promise.resolve();
    world.want(1, await world.server.publishVersion(1), { counter: 3 });
    await world.settle();
    open();

    expect([(await under).version, world.version]).toEqual([2, 1]);
  });
});

describe("R23: a release that is called off", () => {
  test("while it is downloaded changes nothing, and leaves nothing behind", async () => {
    const world = await serving();
    world.carries = (topic) => topic !== blobTopic(TENANT, world.second.sha256, 0);
    const before = await world.rig.blobs.list();
    world.want(2, world.second);
    await world.settle();
    world.server.desireAll(ana, { type: "desired", releaseCounter: 3, models: [] });
    await world.settle();

    expect([world.version, world.lastReport]).toEqual([1, "canceled INSTALL_CANCELED"]);
    expect(await world.rig.blobs.list()).toEqual(before);
  });

  test("while it is on probation gives way to the version before", async () => {
    const world = await serving();
    world.want(2, world.second);
    await world.settle();
    world.server.desireAll(ana, { type: "desired", releaseCounter: 3, models: [] });
    await world.settle();

    expect([world.version, world.lastReport]).toEqual([1, "rolled-back INSTALL_CANCELED"]);
  });

  test("after it was committed goes only by a newer release of the old version", async () => {
    const world = await serving();
    const first = await world.server.publishVersion(1);
    world.want(2, world.second, probation({ minPredictions: 0 }));
    await world.settle();
    world.want(1, first, { counter: 1 });
    await world.settle();
    const afterOlder = world.version;
    world.want(1, first, { counter: 3, ...probation({ minPredictions: 0 }) });
    await world.settle();

    expect([afterOlder, world.version]).toEqual([2, 1]);
  });
});

describe("a release counter", () => {
  test("never falls, also not after a restart, and what is older is refused with its code", async () => {
    const world = await serving();
    world.want(2, world.second, probation({ minPredictions: 0 }));
    await world.settle();
    world.rig.kill();
    await world.rig.start();
    world.want(1, await world.server.publishVersion(1), { counter: 1 });
    await world.settle();

    expect([world.version, world.lastReport]).toEqual([2, "rejected RELEASE_ROLLBACK"]);
  });

  test("means one version: another one of the same counter is refused", async () => {
    const world = await serving();
    world.want(2, world.second, probation({ minPredictions: 0 }));
    await world.settle();
    world.want(3, await world.server.publishVersion(3), { counter: 2 });
    await world.settle();

    expect([world.version, world.lastReport]).toEqual([2, "rejected RELEASE_ROLLBACK"]);
  });

  test("that comes again with the same version changes nothing", async () => {
    const world = await serving();
    for (let time = 1; time <= 3; time += 1) {
      world.want(2, world.second, probation({ minPredictions: 0 }));
      await world.settle();
    }

    expect(world.rig.installs.filter((state) => state === "committed 2")).toHaveLength(1);
  });
});

test("a version that has failed is not tried again until a new attempt is wanted", async () => {
  const world = await serving();
  let isBroken = true;
  world.rig.engine.onLoad = (version) => {
    if (version === 2 && isBroken) throw new FedgeError("ENGINE_FAILED", "not today");
  };
  world.want(2, world.second);
  await world.settle();
  isBroken = false;
  world.broker.cut(ana);
  await world.pass(3);
  const withoutAttempt = world.version;
  world.want(2, world.second, { counter: 2, attempt: 2, ...probation({ minPredictions: 0 }) });
  await world.settle();

  expect([withoutAttempt, world.version]).toEqual([1, 2]);
});

describe("R30: a store without room", () => {
  const full = (): Promise<never> => Promise.reject(new FedgeError("STORAGE_FULL", "no room; free some"));

  test("for blobs ends the attempt at its deadline, and the old version serves", async () => {
    const world = await serving();
    Object.assign(world.rig.blobs, { put: full });
    world.want(2, world.second, { policy: { ...STRICT, stateDeadlineMs: 120_000 } });
    await world.pass(121);

    expect([world.version, world.lastReport]).toEqual([1, "failed STORAGE_FULL"]);
  });

  test("for the state of a probation does not keep a failed version in use", async () => {
    const world = await serving();
    world.want(2, world.second);
    await world.settle();
    const { write } = world.rig.store;
    Object.assign(world.rig.store, { write: full });
    world.rig.engine.answer = (version) => (version === 2 ? NaN : version);
    await world.predictTimes(2);
    expect(world.version).toBe(1);

    // What could not be kept: the next process finds a probation, and a mark that nobody took away.
    world.rig.kill();
    Object.assign(world.rig.store, { write });
    await world.rig.start();
    await world.pass(1);
    expect(world.version).toBe(1);
  });
});

test("R29: a download that is cut at ten points goes on each time, with one block more for each cut at most", async () => {
  const world = await serving();
  const size = { numParameters: 1_000_000 };
  const large = await world.server.publishVersion(3, size);
  const before = world.rig.device.status().bytesDown;
  let [numCuts, numSince] = [0, 0];
  // The line breaks with every third block, ten times: of 33 blocks no two cuts hit the same.
  world.carries = (topic) => {
    if (!topic.includes("/blob/") || numCuts === 10) return true;
    numSince += 1;
    if (numSince < 3) return true;
    [numCuts, numSince] = [numCuts + 1, 0];
    world.broker.cut(ana);
    return true;
  };
  world.want(3, large, probation({ minPredictions: 0 }));
  // Every reconnection waits longer than the one before.
  await world.pass(600);

  // A block is at most 120 KiB; manifest, header and control messages are small beside it.
  const bytes = world.rig.device.status().bytesDown - before - 4_000_000;
  expect([world.version, numCuts]).toEqual([3, 10]);
  expect(bytes).toBeLessThan(10 * 122_880);
});
