import {
  LATENCY_BINS,
  PROTOCOL_VERSION,
  deviceTopic,
  encodeEnvelope,
  type DeviceId,
  type DeviceUpChannel,
  type InstallReport,
  type MessageId,
  type ModelName,
  type ProfileWindow,
  type Sha256,
} from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { TENANT } from "../broker/testing/broker-fixture.js";
import { sampleDevice } from "../http/testing/sample-data.js";
import { MemoryRolloutStore } from "../rollouts/simulation/memory-rollout-store.js";
import type { DeviceRecord } from "../store/port.js";
import { Fleet } from "./fleet.js";
import { Inbox } from "./inbox.js";
import { MetricsBook } from "./metrics-book.js";

const ANA = sampleDevice(1).deviceId;
const keyboard = "keyboard" as ModelName;

interface Said {
  readonly session: number;
  readonly seq: number;
}

/** An inbox with a real fleet behind it, at a broker that lets everything through. */
async function open() {
  let handle: (topic: string, payload: Uint8Array) => void = () => undefined;
  const devices = new Map<DeviceId, DeviceRecord>([[ANA, sampleDevice(1)]]);
  const book = new MetricsBook(new MemoryRolloutStore(), () => 0);
  const [heard, told, refused]: string[][] = [[], [], []];
  const counters = {
    count: (name: string, labels: Readonly<Record<string, string>> = {}) => {
      if (name === "fedge_messages_refused_total") refused?.push(labels["code"] ?? "");
    },
    observe: () => undefined,
  };
  const fleet = new Fleet({
    store: {
      getDevice: async (deviceId) => devices.get(deviceId),
      updateDevice: async (deviceId, change) => {
        const device = { ...devices.get(deviceId), ...change } as DeviceRecord;
        devices.set(deviceId, device);
        return device;
      },
      noteServing: async (changes) => {
        for (const { deviceId, ...change } of changes)
          devices.set(deviceId, { ...devices.get(deviceId), ...change } as DeviceRecord);
      },
    },
    releases: {
      tell: async () => void told?.push("desired"),
      forget: async () => void told?.push("cleared"),
    },
    rollouts: {
      report: (_, { state, step }) => void heard?.push(`${state} ${step}`),
      isShadow: ({ rolloutId }) => rolloutId === "beside",
      deviceSeen: async () => undefined,
      deviceRemoved: () => undefined,
      metrics: (_, { numPredictions }) => void heard?.push(`${numPredictions} predictions`),
    },
    ...{ metrics: book, counters, nowMs: () => 0, emit: () => undefined, disconnect: () => undefined },
    ...{ onLost: () => undefined, onReturned: () => undefined },
  });
  const rounds = {
    roundMessage: async (_: DeviceId, { type }: { type: string }) => void heard?.push(type),
    block: () => undefined,
  };
  const transport = {
    subscribe: async (_: string, handler: typeof handle) => void (handle = handler),
    publish: async () => undefined,
    isConnected: () => true,
    onState: () => undefined,
    traffic: () => ({ bytesUp: 0, bytesDown: 0 }),
    close: async () => undefined,
  };
  const evaluations = {
    reply: async (_: DeviceId, { type }: { type: string }) => void heard?.push(type),
  };
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const profiles = {
    take: async (deviceId: DeviceId, { window }: ProfileWindow) =>
      void heard?.push(`window ${window} of ${deviceId}`),
  };
  await new Inbox({
    ...{ tenantId: TENANT, transport, fleet, rounds, evaluations, profiles, counters, logger },
  }).start();
  const say = async (channel: DeviceUpChannel, { session, seq }: Said, body: object): Promise<void> => {
    const id = `${session}-${seq}` as MessageId;
    const header = { v: PROTOCOL_VERSION, id, sentAtMs: 0, session, seq } as const;
    handle(deviceTopic(TENANT, ANA, channel), encodeEnvelope({ ...header, body }));
    for (let turn = 0; turn < 10; turn += 1) await new Promise<void>((done) => setImmediate(done));
  };
  return { devices, fleet, book, heard, told, refused, say };
}

const birth = (session: number, version: number) => ({
  ...{ type: "birth", session, runtimeVersion: "1.0.0", engine: "onnx", platform: "node" },
  models: [{ model: keyboard, version, manifestSha256: null }],
});
const presence = (session: number, state: string) => ({ type: "presence", presence: state, session });
const report = (state: InstallReport["state"], step: number) => ({
  ...{ type: "install", model: keyboard, version: 2, manifestSha256: "a".repeat(64) as Sha256 },
  ...{ releaseCounter: 2, rolloutId: null, attempt: 1, step, state },
});
const metrics = (numPredictions: number) => ({
  ...{ type: "serving-metrics", model: keyboard, version: 2, releaseCounter: 2, installation: 1 },
  ...{ numPredictions, numErrors: 0, numCrashes: 0, numFallbacks: 0, numLabelled: 0, numWrong: 0 },
  ...{
    latency: Array.from({ length: LATENCY_BINS }, () => 0),
    proxies: {},
    numWindows: 0,
    numDriftWindows: 0,
  },
});
const checkIn = { type: "check-in", taskId: null, capabilities: {} };

describe("S17: what was captured and is played again", () => {
  test("S17: a report of an older session, and one whose number was used, are refused", async () => {
    const { say, heard, refused } = await open();
    await say("birth", { session: 8, seq: 1 }, birth(8, 1));
    await say("report", { session: 8, seq: 2 }, report("downloading", 1));
    await say("report", { session: 8, seq: 2 }, report("downloading", 1));
    await say("report", { session: 7, seq: 9 }, report("committed", 9));

    expect(heard).toEqual(["downloading 1"]);
    expect(refused).toEqual(["UPDATE_DUPLICATE", "UPDATE_REPLAYED"]);
  });

  test("S17: counts of serving do not go back to what they were", async () => {
    const { say, book, refused } = await open();
    await say("birth", { session: 8, seq: 1 }, birth(8, 2));
    await say("metrics", { session: 8, seq: 2 }, metrics(10));
    await say("metrics", { session: 8, seq: 3 }, metrics(500));
    await say("metrics", { session: 8, seq: 2 }, metrics(10));

    expect((await book.of(keyboard, 2)).get(ANA)?.metrics.numPredictions).toBe(500);
    expect(refused).toEqual(["UPDATE_DUPLICATE"]);
  });

  test("S17: a device that is gone does not come back by its old hello", async () => {
    const { say, fleet, devices, refused } = await open();
    await say("birth", { session: 8, seq: 1 }, birth(8, 2));
    await say("state", { session: 8, seq: 0 }, presence(8, "lost"));
    await say("birth", { session: 7, seq: 1 }, birth(7, 1));
    await say("state", { session: 7, seq: 2 }, presence(7, "online"));

    expect(fleet.isOnline(ANA)).toBe(false);
    expect(devices.get(ANA)).toMatchObject({ presence: "lost", serving: { keyboard: { version: 2 } } });
    expect(refused).toEqual(["UPDATE_REPLAYED", "UPDATE_REPLAYED"]);
  });
});

describe("a device that believes nothing new", () => {
  test("is known for it until its next hello says nothing of it", async () => {
    const { say, devices } = await open();
    await say("birth", { session: 8, seq: 1 }, { ...birth(8, 1), untrusting: "METADATA_EXPIRED" });
    const before = devices.get(ANA)?.untrusting;
    await say("birth", { session: 8, seq: 2 }, birth(8, 1));

    expect([before, devices.get(ANA)?.untrusting]).toEqual(["METADATA_EXPIRED", null]);
  });

  test("for a reason that there is not says nothing at all", async () => {
    const { say, devices, refused } = await open();
    await say("birth", { session: 8, seq: 1 }, { ...birth(8, 1), untrusting: "BORED" });

    expect(devices.get(ANA)?.untrusting).toBeNull();
    expect(refused).toEqual(["MESSAGE_MALFORMED"]);
  });
});

describe("S14: a device that was taken out of the fleet", () => {
  test("S14: is heard no more where the broker still lets it through, though it was heard before", async () => {
    const { say, fleet, devices, heard, told, refused } = await open();
    await say("birth", { session: 8, seq: 1 }, birth(8, 1));
    devices.set(ANA, { ...sampleDevice(1), decommissionedAtMs: 5000, presence: "offline" });
    await fleet.forget(ANA);
    await say("birth", { session: 9, seq: 1 }, birth(9, 1));
    await say("report", { session: 9, seq: 2 }, report("committed", 1));
    await say("fl/up", { session: 9, seq: 3 }, checkIn);

    expect([heard, told]).toEqual([[], ["desired", "cleared"]]);
    expect(refused).toEqual(["DEVICE_UNKNOWN", "DEVICE_UNKNOWN", "DEVICE_UNKNOWN"]);
    expect(devices.get(ANA)?.presence).toBe("offline");
  });

  test("S14: and enrols again is heard again", async () => {
    const { say, fleet, devices, heard } = await open();
    devices.delete(ANA);
    await say("report", { session: 8, seq: 1 }, report("downloading", 1));
    devices.set(ANA, sampleDevice(1));
    await say("report", { session: 8, seq: 2 }, report("verifying", 2));

    expect(await fleet.isMember(ANA)).toBe(true);
    expect(heard).toEqual(["verifying 2"]);
  });
});

test("a shadow that answers is not what the device serves", async () => {
  const { say, devices, heard } = await open();
  const servedVersion = (): number | null | undefined => devices.get(ANA)?.serving[keyboard]?.version;
  await say("birth", { session: 8, seq: 1 }, birth(8, 1));

  await say("report", { session: 8, seq: 2 }, { ...report("committed", 1), rolloutId: "beside" });
  expect([servedVersion(), heard]).toEqual([1, ["committed 1"]]);

  await say("report", { session: 8, seq: 3 }, { ...report("committed", 2), rolloutId: "release" });
  expect(servedVersion()).toBe(2);
});
