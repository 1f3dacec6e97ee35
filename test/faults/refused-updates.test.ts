import type { RunningServer } from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import {
  MAX_MESSAGE_BYTES,
  decodeSafetensors,
  flattenTensors,
  uploadTopic,
  type DeviceId,
} from "@fedge/protocol";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../e2e/waiting.js";
import {
  foreignFrame,
  frameOf,
  giveUp,
  harmlessUpdate,
  reportOf,
  updateOf,
  upload,
  type Attacker,
} from "./attacks.js";
import {
  NUM_PARAMETERS,
  counter,
  firstRound,
  importNamed,
  roundOfThree,
  startCloudsServer,
  startHonestDevice,
} from "./clouds-server.js";
import { HostileDevice, enrol } from "./hostile-device.js";

const UPDATES = "fedge_updates_refused_total";
const MESSAGES = "fedge_messages_refused_total";
const BROKER = "fedge_broker_refusals_total";

let directory = "";
let server: RunningServer;
let honestModel = "";
let honestCheckpoint = "";
let numRounds = 0;
let devices: Device[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-refused-"));
  server = await startCloudsServer(join(directory, "server"));
  const honest = await runRound({ numDevices: 2 });
  expect(honest).toMatchObject({ numCounted: 2, lost: { aborted: 0 }, refusedByCode: {} });
  honestModel = honest.model;
  honestCheckpoint = honest.checkpoint;
});

afterEach(async () => {
  await Promise.all(devices.map((device) => device.close()));
  devices = [];
});

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

interface RoundResult {
  readonly model: string;
  readonly checkpoint: string;
  readonly numCounted: number;
  readonly refusedByCode: Readonly<Record<string, number>>;
  readonly lost: Readonly<Record<string, number>>;
}

/** One round of two honest devices and, if there is an attack, a hostile one that was selected beside them. */
async function runRound({
  numDevices,
  attack,
  isAttackedFirst = false,
}: {
  readonly numDevices: number;
  /** The honest devices train when the attack is over: the round is open all the while. */
  readonly isAttackedFirst?: boolean;
  readonly attack?: (attacker: Attacker) => Promise<void>;
}): Promise<RoundResult> {
  const model = `clouds-${(numRounds += 1)}`;
  await importNamed(server, model);
  const round = { goalReports: numDevices, minAvailable: numDevices, lostGraceMs: 100 };
  await server.service.createTask(roundOfThree(model, { round }));
  let letTrain = (): void => undefined;
  const after = isAttackedFirst ? new Promise<void>((resolve) => (letTrain = resolve)) : Promise.resolve();
  for (const number of [1, 2])
    devices.push(
      await startHonestDevice(server, {
        directory: join(directory, `${model}-${number}`),
        model,
        number,
        after,
      }),
    );
  if (attack !== undefined) await attackFrom(model, attack).finally(() => letTrain());
  const { numCounted, refusedByCode, lost } = await firstRound(server, model);
  const [, version] = await server.service.listVersions(
    model as Parameters<typeof server.service.listVersions>[0],
  );
  return { model, checkpoint: version?.checkpoint.sha256 ?? "none", numCounted, refusedByCode, lost };
}

async function attackFrom(model: string, attack: (attacker: Attacker) => Promise<void>): Promise<void> {
  const device = await HostileDevice.connect(await enrol(server.httpUrl));
  const offer = { runtimeVersion: "0.1.0", engine: "none", models: [{ model, numExamples: 10 }] };
  await device.say("fl/up", { type: "check-in", ...offer });
  const assigned = await device.next("assigned");
  try {
    await attack({ device, assigned, numParameters: NUM_PARAMETERS, server: server.httpUrl });
  } finally {
    device.destroy();
  }
}

/** A whole update. */
const fine = harmlessUpdate(NUM_PARAMETERS);

/** Runs a round with the attack; gives the round and how much the counter rose. */
async function attacked(
  name: string,
  labels: Readonly<Record<string, string>>,
  attack: (attacker: Attacker) => Promise<void>,
): Promise<{ readonly rise: number; readonly round: RoundResult }> {
  const before = await counter(server, name, labels);
  const round = await runRound({ numDevices: 3, attack });
  return { rise: (await counter(server, name, labels)) - before, round };
}

test("without a hostile device the result is the weighted mean of the honest updates", async () => {
  const model = honestModel as Parameters<typeof server.service.getVersion>[0];
  const { manifest } = await server.service.getVersion(model, 1);
  const read = async (version: number): Promise<Float32Array> => {
    const bytes = await server.service.exportVersion(model, version, "safetensors");
    return flattenTensors(manifest.parameters, decodeSafetensors(bytes).tensors);
  };
  const [before, after] = [await read(1), await read(2)];

  // Device k sends sin(i + 1) / (10 k) from 7 k examples: both weigh in with 0.7 sin(i + 1), out of 21 examples.
  const largestError = before.reduce((largest, value, at) => {
    const expected = value + Math.sin(at + 1) / 15;
    return Math.max(largest, Math.abs((after[at] ?? NaN) - expected));
  }, 0);
  expect(largestError).toBeLessThan(1e-6);
});

const afterReport = (lies: object) => async (attacker: Attacker) => {
  await attacker.device.say("fl/up", reportOf(attacker, fine, { ...lies }));
};
const afterUpload =
  (bytes: Uint8Array, lies: object = {}) =>
  (attacker: Attacker) =>
    upload(attacker, bytes, lies);
const size = (sizeBytes: number) => afterReport({ update: { sizeBytes } });

describe("an update is refused with its code, and the round is what it is without it", () => {
  test.each([
    ["of one parameter too many", "UPDATE_SHAPE_MISMATCH", size(fine.byteLength + 4)],
    ["of too few bytes", "UPDATE_TRUNCATED", size(fine.byteLength - 4)],
    ["of twice the bytes", "UPDATE_TOO_LARGE", size(2 * fine.byteLength)],
    ["in another encoding", "UPDATE_MALFORMED", afterReport({ update: { encoding: "float16" } })],
    ["of another base version", "UPDATE_WRONG_BASE_VERSION", afterReport({ baseVersion: 2 })],
    ["of no example", "UPDATE_EXAMPLES_INVALID", afterReport({ numExamples: 0 })],
    ["of more examples than the task allows", "UPDATE_EXAMPLES_INVALID", afterReport({ numExamples: 1001 })],
    [
      "of 2^53 - 1 examples",
      "UPDATE_EXAMPLES_INVALID",
      afterReport({ numExamples: Number.MAX_SAFE_INTEGER }),
    ],
    ["with NaN in it", "UPDATE_NOT_FINITE", afterUpload(updateOf(NUM_PARAMETERS, NaN))],
    ["with infinity in it", "UPDATE_NOT_FINITE", afterUpload(updateOf(NUM_PARAMETERS, -Infinity))],
    ["of a norm above the limit", "UPDATE_NORM_EXCEEDED", afterUpload(updateOf(NUM_PARAMETERS, 100.5))],
    [
      "with the hash of other bytes",
      "BLOB_HASH_MISMATCH",
      afterUpload(fine, { update: { sha256: "0".repeat(64) } }),
    ],
  ])("%s: %s", async (_, code, attack) => {
    let receipt: object | null = null;

    const { rise, round } = await attacked(UPDATES, { code }, async (attacker) => {
      await attack(attacker);
      receipt = await attacker.device.next("receipt");
    });

    expect(receipt).toMatchObject({ outcome: "refused", code });
    expect(rise).toBe(1);
    expect(round).toMatchObject({
      checkpoint: honestCheckpoint,
      numCounted: 2,
      refusedByCode: { [code]: 1 },
    });
  });
});

/** Publishes something, waits until it was counted, and gives up. */
const countedThenGivenUp =
  (name: string, code: string, act: (attacker: Attacker) => Promise<void>) => async (attacker: Attacker) => {
    const before = await counter(server, name, { code });
    await act(attacker);
    await eventually(`${name} of ${code}`, async () =>
      (await counter(server, name, { code })) > before ? true : undefined,
    );
    await giveUp(attacker);
  };

const block =
  (frame: (attacker: Attacker) => Uint8Array) =>
  async (attacker: Attacker): Promise<void> => {
    await attacker.device.say("fl/up", reportOf(attacker, fine));
    await attacker.device.next("proceed");
    await attacker.device.publish(attacker.assigned.upload.topic, frame(attacker));
  };
const raw = (bytes: Uint8Array) => (attacker: Attacker) =>
  attacker.device.publish(attacker.device.topic("fl/up"), bytes);

describe("a message is refused and counted, and the round is what it is without it", () => {
  const text = new TextEncoder();
  test.each([
    [
      "a block cut short",
      UPDATES,
      "BLOCK_INVALID",
      block((attacker) => frameOf(attacker, fine).slice(0, -1)),
    ],
    [
      "a block with bytes to spare",
      UPDATES,
      "BLOCK_INVALID",
      block((attacker) => Uint8Array.from([...frameOf(attacker, fine), 0])),
    ],
    [
      "a block of an update of another size",
      UPDATES,
      "BLOCK_INVALID",
      block((attacker) => frameOf(attacker, fine.slice(0, 100))),
    ],
    ["a block that is no frame", UPDATES, "BLOCK_INVALID", block(() => text.encode("not a frame at all"))],
    [
      "a block of another round",
      UPDATES,
      "ROUND_UNKNOWN",
      block((attacker) => foreignFrame(attacker, "another-1")),
    ],
    ["malformed JSON", MESSAGES, "MESSAGE_MALFORMED", raw(text.encode('{"v":1,'))],
    ["bytes that are no UTF-8", MESSAGES, "MESSAGE_MALFORMED", raw(Uint8Array.of(0xff, 0xfe, 0))],
    [
      "a message of another protocol version",
      MESSAGES,
      "PROTOCOL_VERSION_UNSUPPORTED",
      (attacker: Attacker) => attacker.device.say("fl/up", reportOf(attacker, fine), { v: 2 }),
    ],
    ["an update larger than any blob", MESSAGES, "MESSAGE_MALFORMED", size(2 ** 40)],
    ["a negative number of examples", MESSAGES, "MESSAGE_MALFORMED", afterReport({ numExamples: -1 })],
    [
      "a message of an older session",
      MESSAGES,
      "UPDATE_REPLAYED",
      (attacker: Attacker) =>
        attacker.device.say("fl/up", reportOf(attacker, fine), { session: attacker.device.session - 1 }),
    ],
    [
      "a message whose number was used",
      MESSAGES,
      "UPDATE_DUPLICATE",
      (attacker: Attacker) =>
        attacker.device.say("fl/up", reportOf(attacker, fine), { seq: attacker.device.lastSeq }),
    ],
  ])("%s", async (_, name, code, act) => {
    const { rise, round } = await attacked(name, { code }, countedThenGivenUp(name, code, act));

    expect(rise).toBe(1);
    expect(round).toMatchObject({ checkpoint: honestCheckpoint, numCounted: 2, lost: { aborted: 1 } });
  });

  test("a report for a round that never was is answered with ROUND_UNKNOWN", async () => {
    let receipt: object | null = null;

    const round = await runRound({
      numDevices: 3,
      attack: async (attacker) => {
        await attacker.device.say("fl/up", reportOf(attacker, fine, { roundId: "nowhere-1" }));
        receipt = await attacker.device.next("receipt");
        await giveUp(attacker);
      },
    });

    expect(receipt).toMatchObject({ roundId: "nowhere-1", outcome: "refused", code: "ROUND_UNKNOWN" });
    expect(round).toMatchObject({ checkpoint: honestCheckpoint, numCounted: 2 });
  });

  test("a device that was not selected is answered with ROUND_NOT_MEMBER, and its blocks open nothing", async () => {
    let receipt: object | null = null;

    const round = await runRound({
      numDevices: 3,
      attack: async (attacker) => {
        const stranger = await HostileDevice.connect(await enrol(server.httpUrl));
        await stranger.say("fl/up", reportOf(attacker, fine));
        receipt = await stranger.next("receipt");
        const { tenantId, deviceId } = stranger.credentials;
        await stranger.publish(uploadTopic(tenantId, deviceId, 0), frameOf(attacker, fine));
        stranger.destroy();
        await giveUp(attacker);
      },
    });

    expect(receipt).toMatchObject({ outcome: "refused", code: "ROUND_NOT_MEMBER" });
    expect(round).toMatchObject({ checkpoint: honestCheckpoint, numCounted: 2 });
  });
});

describe("S17: an update that was counted counts once", () => {
  let checkpoint = "";
  beforeAll(async () => {
    const round = await runRound({
      numDevices: 3,
      isAttackedFirst: true,
      attack: async (attacker) => {
        await upload(attacker, fine);
        await attacker.device.next("receipt");
      },
    });
    checkpoint = round.checkpoint;
  });

  test("an update sent twice is counted once, and its receipt is said again", async () => {
    const outcomes: string[] = [];

    const round = await runRound({
      numDevices: 3,
      isAttackedFirst: true,
      attack: async (attacker) => {
        for (let time = 0; time < 2; time += 1) {
          await attacker.device.publish(attacker.assigned.upload.topic, frameOf(attacker, fine));
          if (time === 0) await upload(attacker, fine);
          else await attacker.device.say("fl/up", reportOf(attacker, fine));
          outcomes.push((await attacker.device.next("receipt")).outcome);
        }
      },
    });

    expect(outcomes).toEqual(["counted", "counted"]);
    expect(round).toMatchObject({ checkpoint, numCounted: 3 });
  });

  test("another update after the counted one is refused", async () => {
    let receipt: object | null = null;

    const round = await runRound({
      numDevices: 3,
      isAttackedFirst: true,
      attack: async (attacker) => {
        await upload(attacker, fine);
        await attacker.device.next("receipt");
        await attacker.device.say("fl/up", reportOf(attacker, updateOf(NUM_PARAMETERS, 3)));
        receipt = await attacker.device.next("receipt");
      },
    });

    expect(receipt).toMatchObject({ outcome: "refused", code: "UPDATE_DUPLICATE" });
    expect(round).toMatchObject({ checkpoint, numCounted: 3 });
  });
});

describe("the broker refuses what a device may not do, and the round is what it is without it", () => {
  test("a password that is no token", async () => {
    const labels = { action: "connect", code: "TOKEN_INVALID" };

    const { rise, round } = await attacked(BROKER, labels, async (attacker) => {
      const credentials = { ...attacker.device.credentials, token: "made-up" };
      await expect(HostileDevice.connect(credentials)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
      await giveUp(attacker);
    });

    expect(rise).toBe(1);
    expect(round).toMatchObject({ checkpoint: honestCheckpoint, numCounted: 2 });
  });

  test("a device that never enrolled cannot use another's token", async () => {
    const labels = { action: "connect", code: "ACCESS_DENIED" };

    const { rise, round } = await attacked(BROKER, labels, async (attacker) => {
      const credentials = { ...attacker.device.credentials, deviceId: "nobody" as DeviceId };
      await expect(HostileDevice.connect(credentials)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
      await giveUp(attacker);
    });

    expect(rise).toBe(1);
    expect(round).toMatchObject({ checkpoint: honestCheckpoint, numCounted: 2 });
  });

  test("a message on another device's topic", async () => {
    const labels = { action: "publish", code: "ACCESS_DENIED" };

    const { rise, round } = await attacked(BROKER, labels, async (attacker) => {
      const victim = (await server.service.getDevice(attacker.device.credentials.deviceId)).deviceId;
      expect(victim).toBe(attacker.device.credentials.deviceId);
      const other = await enrol(server.httpUrl);
      const topic = attacker.device.topic("fl/up").replace(victim, other.deviceId);
      await attacker.device
        .publish(topic, attacker.device.envelope(reportOf(attacker, fine)))
        .catch(() => undefined);
      await eventually("the refusal", async () =>
        (await counter(server, BROKER, labels)) > 0 ? true : undefined,
      );
      await giveUp(attacker);
    });

    expect(rise).toBe(1);
    expect(round).toMatchObject({ checkpoint: honestCheckpoint, numCounted: 2 });
  });

  test("a packet larger than any message ends the connection, and the device is dropped", async () => {
    const labels = { code: "MESSAGE_TOO_LARGE" };

    const { rise, round } = await attacked(BROKER, labels, async (attacker) => {
      const huge = new Uint8Array(MAX_MESSAGE_BYTES + 4096);
      await expect(attacker.device.publish(attacker.assigned.upload.topic, huge)).rejects.toMatchObject({
        code: "TRANSPORT_FAILED",
      });
      await attacker.device.gone();
    });

    expect(rise).toBe(1);
    expect(round).toMatchObject({ checkpoint: honestCheckpoint, numCounted: 2, lost: { dropped: 1 } });
  });
});
