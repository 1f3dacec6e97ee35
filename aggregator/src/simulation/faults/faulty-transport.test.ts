import type { ConnectionListener, Credentials, TransportConnection } from "@fedge/device-runtime";
import {
  BLOCK_BYTES,
  PROTOCOL_VERSION,
  deviceTopic,
  encodeEnvelope,
  encodeUploadBlock,
  uploadTopic,
  type DeviceId,
  type MessageId,
  type RoundId,
  type Sha256,
  type TaskId,
  type TenantId,
} from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { Fate } from "./fate.js";
import { FaultyTransport } from "./faulty-transport.js";
import { RoundGates } from "./round-gates.js";

const tenantId = "t" as TenantId;
const deviceId = "ana" as DeviceId;
const credentials: Credentials = { tenantId, deviceId, token: "", brokerUrl: "" };
const roundId = "task-1" as RoundId;
const sha256 = "a".repeat(64) as Sha256;
const UP = deviceTopic(tenantId, deviceId, "fl/up");
const DOWN = deviceTopic(tenantId, deviceId, "fl/dn");
const BLOCKS = uploadTopic(tenantId, deviceId, 0);

const envelope = (body: object): Uint8Array =>
  encodeEnvelope({ v: PROTOCOL_VERSION, id: "m" as MessageId, sentAtMs: 0, session: 1, seq: 1, body });
const blob = { sha256, sizeBytes: 1 };
const assigned = envelope({
  type: "assigned",
  taskId: "task" as TaskId,
  roundId,
  attempt: 1,
  model: "m",
  baseVersion: 1,
  manifest: blob,
  plan: { epochs: 1, batchSize: 1, learningRate: 1, proximalMu: 0, maxExamples: 1, seed: "s" },
  upload: { encoding: "float32", topic: BLOCKS, maxBytes: 1 },
  reportWithinMs: 1,
});
const report = envelope({
  type: "report",
  taskId: "task",
  roundId,
  attempt: 1,
  baseVersion: 1,
  numExamples: 1,
  update: { ...blob, encoding: "float32" },
  metrics: { steps: 1, trainMs: 1, lossBefore: null, lossAfter: null },
});
const blockOf = (index: number, sizeBytes: number): Uint8Array => {
  const length = Math.min(BLOCK_BYTES, sizeBytes - index * BLOCK_BYTES);
  return encodeUploadBlock({ roundId, attempt: 1, index, sizeBytes, body: new Uint8Array(length) });
};
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

/** A device on a line whose far end is `log`: what arrived there, and what became of the line. */
const setUp = async (fate: Fate) => {
  const log: string[] = [];
  const gates = new RoundGates();
  let listener: ConnectionListener = { message: () => undefined, closed: () => undefined };
  let numOpened = 0;
  const inner = {
    open: (_: Credentials, __: unknown, heard: ConnectionListener): Promise<TransportConnection> => {
      listener = heard;
      numOpened += 1;
      const link: TransportConnection = {
        publish: (topic) => {
          log.push(topic === BLOCKS ? "block" : topic === UP ? "up" : "other");
          return Promise.resolve();
        },
        subscribe: () => Promise.resolve(),
        unsubscribe: () => Promise.resolve(),
        end: () => Promise.resolve(),
        destroy: () => log.push("destroyed"),
      };
      return Promise.resolve(link);
    },
  };
  const transport = new FaultyTransport({
    inner,
    gates,
    fateOf: () => fate,
    onUnable: (_round, _device, why) => log.push(`unable: ${why}`),
  });
  const open = (): Promise<TransportConnection> =>
    transport.open(
      credentials,
      { topic: "will", payload: new Uint8Array(0) },
      { message: () => log.push("down"), closed: () => undefined },
    );
  const link = await open();
  const publish = (topic: string, payload: Uint8Array): Promise<void> =>
    link.publish(topic, payload, { retain: false });
  return {
    log,
    gates,
    transport,
    publish,
    open,
    opened: () => numOpened,
    hear: () => listener.message(DOWN, assigned),
  };
};

describe("a device that vanishes while it uploads", () => {
  const vanish: Fate = { kind: "vanish", moment: "uploading" };

  test("sends its report and the first block, and then its socket is destroyed before anybody is told", async () => {
    const { log, hear, publish } = await setUp(vanish);
    hear();
    await publish(UP, report);
    await publish(BLOCKS, blockOf(0, 2 * BLOCK_BYTES));

    await expect(publish(BLOCKS, blockOf(1, 2 * BLOCK_BYTES))).rejects.toMatchObject({
      code: "TRANSPORT_FAILED",
    });

    expect(log).toEqual(["down", "up", "block", "destroyed", "unable: vanished"]);
  });

  test("never sends an update of one block, which would be the whole of it", async () => {
    const { log, hear, publish } = await setUp(vanish);
    hear();

    await expect(publish(BLOCKS, blockOf(0, 10))).rejects.toMatchObject({ code: "TRANSPORT_FAILED" });

    expect(log).not.toContain("block");
  });

  test("connects again when the round is over, and not before", async () => {
    const { hear, publish, open, opened, gates } = await setUp(vanish);
    hear();
    await publish(BLOCKS, blockOf(0, 10)).catch(() => undefined);

    const again = open();
    await turns();
    expect(opened()).toBe(1);

    gates.roundOver(roundId);
    await again;
    expect(opened()).toBe(2);
  });
});

test("a device that vanishes while it trains is cut off when training begins", async () => {
  const { log, hear, transport } = await setUp({ kind: "vanish", moment: "training" });
  hear();

  transport.trainingBegins();

  expect(log).toEqual(["down", "destroyed", "unable: vanished"]);
});

describe("a device that is late", () => {
  test("holds its report, and whatever comes after it, until the round is over", async () => {
    const { log, hear, publish, gates } = await setUp({ kind: "late" });
    hear();
    const sending = [publish(UP, report), publish("other", new Uint8Array(0)).catch(() => undefined)];
    hear();
    await turns();
    expect(log).toEqual(["down", "unable: holding"]);

    gates.roundOver(roundId);
    await Promise.all(sending);

    expect(log).toEqual(["down", "unable: holding", "up", "down"]);
  });

  test("goes on by itself when the gates close for good", async () => {
    const { log, hear, publish, gates } = await setUp({ kind: "late" });
    hear();
    const sending = publish(UP, report);

    gates.close();
    await sending;

    expect(log.at(-1)).toBe("up");
  });
});

test("a device whose fate is normal is left alone", async () => {
  const { log, hear, publish, transport } = await setUp({ kind: "normal" });
  hear();
  transport.trainingBegins();

  await publish(UP, report);
  await publish(BLOCKS, blockOf(0, 10));

  expect(log).toEqual(["down", "up", "block"]);
});
