import { decodeEnvelope, deviceTopic, presence, type DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../node/digest.js";
import { DeviceRig, type DeviceRigOptions } from "../testing/device-rig.js";
import { ManualClock } from "../testing/manual-clock.js";
import { MemoryBroker } from "../testing/memory-broker.js";
import { ScriptedServer, TENANT } from "../testing/scripted-server.js";

const ana = "ana" as DeviceId;
const input = { input: { shape: [1, 1], data: Float32Array.of(0) } };

/** Lets everything run that waits for no timer. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

interface World {
  readonly clock: ManualClock;
  readonly broker: MemoryBroker;
  readonly server: ScriptedServer;
  readonly rig: DeviceRig;
  /** Moves time on, second by second. */
  pass(seconds: number): Promise<void>;
  /** Types of the round messages that the server has heard. */
  heard(): string[];
  statesOf(): string[];
  isReachable: boolean;
  /** Told of every message that the broker carries. */
  onSent: (topic: string) => void;
}

function createWorld(options: DeviceRigOptions["options"] = {}): World {
  const clock = new ManualClock();
  const broker = new MemoryBroker({
    accepts: () => world.isReachable,
    route: ({ topic, deliver }) => {
      deliver();
      world.onSent(topic);
    },
  });
  const states: string[] = [];
  /** In rising order; the tests count them from 1. */
  const sessions: number[] = [];
  broker.onPublished((topic, payload) => {
    if (topic === deviceTopic(TENANT, ana, "birth")) states.push("birth");
    if (topic !== deviceTopic(TENANT, ana, "state")) return;
    const { body } = decodeEnvelope(payload, presence, "presence");
    if (body.session > (sessions.at(-1) ?? 0)) sessions.push(body.session);
    states.push(`${body.presence} ${sessions.indexOf(body.session) + 1}`);
  });
  const server = new ScriptedServer(broker, nodeDigest);
  const newStop = (): AbortController => new AbortController();
  const rig = new DeviceRig({ name: ana, clock, broker, digest: nodeDigest, newStop, options });
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1000);
      await settle();
    }
  };
  const heard = (): string[] => server.heard.map(({ message }) => message.type);
  const world: World = {
    ...{ clock, broker, server, rig, pass, heard, statesOf: () => states },
    isReachable: true,
    onSent: () => undefined,
  };
  return world;
}

describe("a session", () => {
  test("begins with a birth and ends with a goodbye of the same number", async () => {
    const { rig, statesOf } = createWorld();
    const device = await rig.start();
    await settle();
    await device.close();
    await device.close();
    await settle();

    expect(statesOf()).toEqual(["birth", "online 1", "offline 1"]);
  });

  test("is lost with its own number when the line breaks, and the next has a higher one", async () => {
    const { rig, broker, pass, statesOf } = createWorld();
    await rig.start();
    await settle();
    broker.cut(ana);
    await pass(2);

    expect(statesOf()).toEqual(["birth", "online 1", "lost 1", "birth", "online 2"]);
  });

  test("counts on after the process was killed", async () => {
    const { rig, statesOf } = createWorld();
    await rig.start();
    await settle();
    rig.kill();
    await rig.start();
    await settle();

    expect(statesOf().at(-1)).toBe("online 2");
  });

  test("is announced again to a server that began anew", async () => {
    const { rig, server, statesOf } = createWorld();
    server.begin(1);
    await rig.start();
    await settle();
    server.begin(2);
    await settle();

    expect(statesOf()).toEqual(["birth", "online 1", "birth", "online 1"]);
  });

  test("survives a message that cannot be decoded, which is counted", async () => {
    const { rig, broker } = createWorld();
    const device = await rig.start();
    await settle();
    broker.publish(deviceTopic(TENANT, ana, "fl/dn"), new TextEncoder().encode("{"));
    await settle();

    expect(device.status().numMessagesRefused).toBe(1);
    expect(rig.errors).toMatchObject([{ code: "MESSAGE_MALFORMED" }]);
    expect(device.status().isOnline).toBe(true);
  });
});

describe("an update", () => {
  test("serves once it is wanted, fetched and tried", async () => {
    const { rig, server } = createWorld();
    const device = await rig.start();
    server.desire(ana, 3, await server.publishVersion(3));
    await settle();

    const { outputs, version } = await device.model("digits").predict(input);

    expect([version, outputs["answer"]?.data]).toEqual([3, Float32Array.of(3)]);
  });

  test("does not fail a request that is under way, which ends on the version it began with", async () => {
    const { rig, server } = createWorld();
    const device = await rig.start();
    server.desire(ana, 1, await server.publishVersion(1));
    await settle();
    let open = (): void => undefined;
    rig.engine.gate = new Promise((resolve) => (open = resolve));
    const before = device.model("digits").predict(input);
    rig.engine.gate = Promise.resolve();

    server.desire(ana, 2, await server.publishVersion(2));
    await settle();
    const after = await device.model("digits").predict(input);
    const openDuring = rig.engine.numOpen;
    open();

    expect([(await before).version, after.version]).toEqual([1, 2]);
    await settle();
    expect([openDuring, rig.engine.numOpen]).toEqual([2, 1]);
  });

  test("serves after a restart without any network", async () => {
    const world = createWorld();
    const { rig, server } = world;
    await rig.start();
    server.desire(ana, 3, await server.publishVersion(3));
    await settle();
    rig.kill();
    world.isReachable = false;

    const device = await rig.start();
    await settle();

    expect((await device.model("digits").predict(input)).version).toBe(3);
    expect(device.status().isOnline).toBe(false);
  });

  test("that is a bundle of another version is refused and the old one serves on", async () => {
    const { rig, server } = createWorld();
    const device = await rig.start();
    server.desire(ana, 1, await server.publishVersion(1));
    await settle();
    server.desire(ana, 2, await server.publishVersion(1, { numParameters: 5 }), 2);
    await settle();

    expect((await device.model("digits").predict(input)).version).toBe(1);
    expect(rig.errors).toMatchObject([{ code: "MODEL_INCOMPATIBLE" }]);
  });

  test("that needs a newer runtime is refused", async () => {
    const { rig, server } = createWorld();
    await rig.start();
    server.desire(ana, 1, await server.publishVersion(1, { changes: { minRuntimeVersion: "9.0.0" } }));
    await settle();

    expect(rig.errors).toMatchObject([{ code: "MODEL_INCOMPATIBLE" }]);
  });

  test("is tried again when only the disk had no room", async () => {
    const { rig, server, pass } = createWorld();
    const device = await rig.start();
    const { put } = rig.blobs;
    const full = (): Promise<void> =>
      Promise.reject(Object.assign(new Error("no room"), { code: "STORAGE_FULL" }));
    Object.assign(rig.blobs, { put: full });
    server.desire(ana, 1, await server.publishVersion(1));
    await settle();
    expect(device.model("digits").version).toBeNull();

    Object.assign(rig.blobs, { put });
    await pass(3);

    expect(device.model("digits").version).toBe(1);
  });

  test("leaves no blob behind that nothing refers to", async () => {
    const { rig, server } = createWorld();
    await rig.start();
    const first = await server.publishVersion(1);
    server.desire(ana, 1, first);
    await settle();
    const second = await server.publishVersion(2);
    server.desire(ana, 2, second);
    await settle();

    const kept = await rig.blobs.list();

    expect(kept).toContain(second.sha256);
    expect(kept).not.toContain(first.sha256);
    expect(kept).toHaveLength(3);
  });
});

describe("a download", () => {
  test("goes on after a cut with what was here: no block comes twice", async () => {
    const world = createWorld();
    const { rig, server, broker, pass } = world;
    const device = await rig.start();
    await settle();
    // The checkpoint has 33 blocks; the line breaks when the broker sends the fifteenth blob message.
    let numSent = 0;
    world.onSent = (topic) => {
      if (!topic.includes("/blob/")) return;
      numSent += 1;
      if (numSent === 15) broker.cut(ana);
    };
    server.desire(ana, 1, await server.publishVersion(1, { numParameters: 1_000_000 }));
    await pass(3);

    expect(device.model("digits").version).toBe(1);
    expect(device.status().bytesDown - 4_000_000).toBeLessThan(122_880);
    expect(numSent).toBeGreaterThan(36);
  });

  test("of a blob that is not there yet is asked for again until it is", async () => {
    const { rig, server, pass } = createWorld();
    const device = await rig.start();
    await settle();
    const text = new TextEncoder().encode("not a manifest");
    server.desire(ana, 1, { sha256: await nodeDigest.sha256(text), sizeBytes: text.length });
    await pass(90);
    expect(rig.errors).toEqual([]);

    await server.publishBlob(text);
    await settle();

    expect(rig.errors).toMatchObject([{ code: "MANIFEST_INVALID" }]);
    expect(device.model("digits").version).toBeNull();
  });
});

async function withBase(world: World): Promise<World> {
  world.server.base = {
    version: 1,
    manifest: await world.server.publishVersion(1, { numParameters: 70_000 }),
  };
  return world;
}

describe("a round", () => {
  test("goes from the check-in to the receipt", async () => {
    const { rig, server, heard } = await withBase(createWorld());
    await rig.start();
    await settle();

    expect(heard()).toEqual(["check-in", "report"]);
    expect(server.counted).toMatchObject([{ deviceId: ana, roundId: "ana-1" }]);
    expect(rig.phases).toEqual(["assigned", "training", "trained", "reported", "uploading", "counted"]);
  });

  test("seeds the training with the plan's seed and the device's name", async () => {
    const { rig } = await withBase(createWorld());
    await rig.start();
    await settle();

    expect(rig.trainer.requests[0]?.seed).toBe("1/ana");
  });

  test("is not asked for without consent", async () => {
    const { rig, heard, pass } = await withBase(createWorld({ consent: { training: false } }));
    await rig.start();
    await pass(5);

    expect(heard()).toEqual([]);
  });

  test("is not asked for again before the window of the rejection", async () => {
    const { rig, server, heard, pass } = await withBase(createWorld());
    const retryAfter = { minMs: 60_000, maxMs: 90_000 };
    server.answer = () => ({ type: "rejected", reason: "pool-full", retryAfter });
    await rig.start();
    await pass(59);
    expect(heard()).toEqual(["check-in"]);

    await pass(32);

    expect(heard()).toEqual(["check-in", "check-in"]);
  });

  test("is left when the device stops being eligible, and training stops", async () => {
    const { rig, server, heard } = await withBase(createWorld());
    rig.trainer.gate = new Promise(() => undefined);
    await rig.start();
    await settle();
    rig.conditions.set(false);
    await settle();

    expect(heard()).toEqual(["check-in", "abort"]);
    expect(rig.phases.at(-1)).toBe("given-up");
    expect(server.counted).toEqual([]);
  });

  test("that is assigned while the device may not work is declined without reading an example", async () => {
    const { rig, server, heard } = await withBase(createWorld());
    server.answer = () => ({ type: "queued", answerWithinMs: 60_000 });
    await rig.start();
    await settle();
    rig.conditions.set(false);
    server.send(ana, server.assignment(ana));
    await settle();

    expect(heard()).toEqual(["check-in", "abort"]);
    expect(rig.trainer.requests).toEqual([]);
  });

  test("ends without an upload when the consent is withdrawn before it", async () => {
    const { rig, broker, server, heard, pass } = await withBase(createWorld());
    const device = await rig.start();
    device.on("round", ({ phase }) => {
      if (phase === "trained") broker.cut(ana);
    });
    await settle();
    device.setConsent({ training: false });
    await pass(5);

    expect(heard()).not.toContain("report");
    expect(server.counted).toEqual([]);
    expect(await rig.store.get("round/update")).toBeUndefined();
  });

  test("is taken up by a killed device with the update that it had reported", async () => {
    const { rig, server } = await withBase(createWorld());
    await rig.start();
    const killed = new Promise<void>((resolve) => {
      rig.device.on("round", ({ phase }) => {
        if (phase !== "reported") return;
        rig.kill();
        resolve();
      });
    });
    await killed;
    await settle();
    await rig.start();
    await settle();

    expect(rig.trainer.requests.filter(({ plan }) => plan.seed === "1")).toHaveLength(1);
    expect(server.counted.filter(({ roundId }) => roundId === "ana-1")).toHaveLength(1);
  });

  test("is trained again by a device that was killed in the middle", async () => {
    const { rig, server, pass } = await withBase(createWorld());
    rig.trainer.gate = new Promise(() => undefined);
    await rig.start();
    await settle();
    rig.kill();
    rig.trainer.gate = Promise.resolve();
    await rig.start();
    await pass(1);

    expect(rig.trainer.requests.map(({ plan }) => plan.seed)).toEqual(["1", "1"]);
    expect(server.counted).toMatchObject([{ roundId: "ana-1" }]);
  });

  test("is given up and tried later when its state cannot be kept", async () => {
    const { rig, server, heard, pass } = await withBase(createWorld());
    const { put } = rig.store;
    const full = (): Promise<void> =>
      Promise.reject(Object.assign(new Error("no room"), { code: "STORAGE_FULL" }));
    await rig.start();
    await settle();
    expect(server.counted).toHaveLength(1);
    Object.assign(rig.store, { put: full });
    await pass(2);
    expect(heard().at(-1)).toBe("abort");

    Object.assign(rig.store, { put });
    await pass(125);

    expect(server.counted.length).toBeGreaterThan(1);
  });
});
