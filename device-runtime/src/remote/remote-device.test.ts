import { FedgeError, type DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { Device } from "../core/device-interface.js";
import { nodeDigest } from "../node/digest.js";
import { DeviceRig } from "../testing/device-rig.js";
import { createLinePair } from "./testing/line-pair.js";
import { ManualClock } from "../testing/manual-clock.js";
import { MemoryBroker } from "../testing/memory-broker.js";
import { ScriptedServer } from "../testing/scripted-server.js";
import type { DeviceHello } from "./device-request.js";
import type { Line } from "./line.js";
import { connectDevice } from "./remote-device.js";
import { serveLine } from "./serve-line.js";

const ana = "ana" as DeviceId;
const HELLO: DeviceHello = { server: "http://127.0.0.1:1", models: ["digits"], consent: {} };

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A real device with version 1 at the far end of lines that a test can cut. */
async function createWorld() {
  const clock = new ManualClock();
  const broker = new MemoryBroker({ accepts: () => true, route: ({ deliver }) => deliver() });
  const server = new ScriptedServer(broker, nodeDigest);
  const newStop = (): AbortController => new AbortController();
  const rig = new DeviceRig({
    ...{ name: ana, clock, broker, digest: nodeDigest, newStop, learnsFromLog: true },
    options: { consent: {} },
  });
  await rig.start();
  await settle();
  server.desire(ana, 1, await server.publishVersion(1));
  clock.advance(1000);
  await settle();
  const refused: FedgeError[] = [];
  const lines: Line[] = [];
  let deviceFor = async (): Promise<Device> => rig.device;
  let isGone = false;
  const connect = async (): Promise<Line> => {
    if (isGone) throw new FedgeError("TRANSPORT_FAILED", "the process does not start any more");
    const { near, far } = createLinePair();
    serveLine(far, { deviceFor: () => deviceFor(), onRefused: (error) => refused.push(error) });
    lines.push(far);
    return near;
  };
  return {
    ...{ clock, server, rig, refused, lines, connect },
    open: (hello: Partial<DeviceHello> = {}) =>
      connectDevice({ hello: { ...HELLO, ...hello }, connect, clock }),
    /** What the far end of the next lines says hello with. */
    meet: (next: () => Promise<Device>) => void (deviceFor = next),
    goAway: () => {
      isGone = true;
      lines.at(-1)?.close();
    },
  };
}

describe("a device that lives elsewhere", () => {
  test("predicts, notes, labels, shows and erases as if it were here", async () => {
    const { open } = await createWorld();
    const device = await open();
    const { id, outputs } = await device.model("digits").predict({ input: [0.5] });
    await device.log(id, { action: "accepted" });
    await device.label(id, [3]);
    const rows = await device.featureLog.query({ isLabelled: true });
    const numErased = await device.featureLog.erase();

    expect(outputs["answer"]).toEqual({ shape: [1], data: Float32Array.of(1) });
    expect(rows).toMatchObject([{ id, fields: { action: "accepted" }, label: { shape: [1, 1] } }]);
    expect([numErased, device.status().log.numRows]).toEqual([1, 0]);
  });

  test("refuses a selection that says nothing of rows, as the device itself does", async () => {
    const { open } = await createWorld();
    const device = await open();
    await device.model("digits").predict({ input: [0.5] });
    for (const selection of [
      ...[{ id: "1" }, { ids: undefined }, null, new Set(["1"])],
      ...[Object.create({ ids: ["1"] }), { [Symbol("ids")]: ["1"] }],
    ] as never[])
      await expect(device.featureLog.erase(selection)).rejects.toMatchObject({ code: "OPTION_INVALID" });

    expect(await device.featureLog.query()).toHaveLength(1);
  });

  test.each<[string, (device: Device, id: string) => Promise<unknown>]>([
    ["a label that is null", (device, id) => device.label(id, null as never)],
    ["a label that is a text", (device, id) => device.label(id, "3" as never)],
    ["a note without a value", (device, id) => device.log(id, { x: undefined as never })],
    ["a list of notes", (device, id) => device.log(id, ["a"] as never)],
    ["a prediction whose name is empty", (device) => device.log("", { action: "accepted" })],
    ["a prediction whose name is a number", (device) => device.label(7 as never, [3])],
    ["an input that is a text", (device) => device.model("digits").predict({ input: "1" as never })],
    ["a query by an unknown field", (device) => device.featureLog.query({ id: "1" } as never)],
  ])("refuses %s with the code that it has where the device is", async (_, ask) => {
    const { open, rig } = await createWorld();
    const device = await open();
    const { id } = await device.model("digits").predict({ input: [0.5] });
    const codeOf = async (of: Device): Promise<unknown> =>
      ask(of, id).catch((error: unknown) => (error as { readonly code?: unknown }).code);

    expect(await codeOf(rig.device)).toEqual(expect.stringMatching(/^[A-Z_]+_(INVALID|UNKNOWN)$/));
    expect(await codeOf(device)).toBe(await codeOf(rig.device));
  });

  test("gives its rows a page at a time, and all of them for the person to keep", async () => {
    const { open } = await createWorld();
    const device = await open();
    const ids: string[] = [];
    for (let at = 0; at < 70; at += 1) ids.push((await device.model("digits").predict({ input: [at] })).id);
    const newest = [...ids].reverse();
    const page = await device.featureLog.query({ limit: 3 });
    const next = await device.featureLog.query({ limit: 3, beforeId: newest[2] ?? "" });
    const lines: { readonly type: string; readonly id?: string }[] = [];
    for await (const line of device.featureLog.export())
      lines.push(JSON.parse(line) as { readonly type: string; readonly id?: string });

    expect([...page, ...next].map(({ id }) => id)).toEqual(newest.slice(0, 6));
    expect(lines.map(({ type, id }) => id ?? type)).toEqual(["log", ...newest]);
  });

  test("knows how it is from the start, and hears of every change", async () => {
    const { open, clock, server } = await createWorld();
    const device = await open();
    const before = device.model("digits").version;
    const heard: unknown[] = [];
    device.on("version", (detail) => heard.push(detail));
    server.desire(ana, 2, await server.publishVersion(2));
    clock.advance(1000);
    await settle();

    expect([before, heard]).toEqual([1, [{ model: "digits", version: 2 }]]);
    expect(device.model("digits").version).toBe(2);
  });

  test("throws what it throws, with the code", async () => {
    const { open } = await createWorld();
    const device = await open();

    await expect(device.label("nobody's", [1])).rejects.toMatchObject({ code: "PREDICTION_UNKNOWN" });
    await expect(device.model("digits").predict({ wrong: [1] })).rejects.toMatchObject({
      code: "MODEL_INPUT_INVALID",
    });
    expect(() => device.model("letters")).toThrow(expect.objectContaining({ code: "MODEL_UNKNOWN" }));
  });

  test("is given the consent of its hello, and a changed one", async () => {
    const { open, rig } = await createWorld();
    const device = await open({ consent: { training: true } });
    const atFirst = rig.device.status().consent;
    device.setConsent({ training: false, reporting: true });
    await settle();

    expect(atFirst).toEqual({ training: true, reporting: false });
    expect(rig.device.status().consent).toEqual({ training: false, reporting: true });
  });

  test("shows what it was told of consent before it has answered", async () => {
    const { open } = await createWorld();
    const device = await open({ consent: { training: true } });
    device.setConsent({ training: false });
    const atOnce = device.status().consent;
    await settle();

    expect([atOnce, device.status().consent]).toEqual([
      { training: false, reporting: false },
      { training: false, reporting: false },
    ]);
  });

  test("is forgotten by whoever asks, and closed for whoever else is there", async () => {
    const { open, rig } = await createWorld();
    const [one, other] = [await open(), await open()];
    const heard: unknown[] = [];
    other.on("forgotten", (detail) => heard.push(detail));

    expect(await one.forget()).toEqual({ isServerTold: true });
    await settle();
    expect([rig.numKeysErased, heard]).toEqual([1, [{ isServerTold: true }]]);
    await expect(other.featureLog.query()).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("does not open where another device is served, and says so", async () => {
    const { open, meet } = await createWorld();
    meet(() => Promise.reject(new FedgeError("OPTION_INVALID", "this app's server is another")));

    await expect(open()).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: "this app's server is another",
    });
  });
});

describe("a line that ends", () => {
  test("is followed by another, on which what was not answered is asked once more", async () => {
    const { open, rig, lines } = await createWorld();
    const device = await open();
    let letGo: () => void = () => undefined;
    rig.engine.gate = new Promise((resolve) => (letGo = resolve));
    const predicting = device.model("digits").predict({ input: [0.5] });
    await settle();
    lines[0]?.close();
    letGo();

    expect((await predicting).version).toBe(1);
    expect(lines).toHaveLength(2);
  });

  test("does not take back, on the next one, what was said of consent since the first", async () => {
    const { open, rig, lines } = await createWorld();
    const device = await open({ consent: { training: true } });
    device.setConsent({ training: false });
    await settle();
    lines[0]?.close();
    await settle();

    expect(lines).toHaveLength(2);
    expect(rig.device.status().consent.training).toBe(false);
  });

  test("is followed by another for whoever only listens", async () => {
    const { open, clock, server, lines } = await createWorld();
    const device = await open();
    const heard: unknown[] = [];
    device.on("version", (detail) => heard.push(detail.version));
    lines[0]?.close();
    await settle();
    server.desire(ana, 2, await server.publishVersion(2));
    clock.advance(1000);
    await settle();

    expect(heard).toEqual([2]);
  });

  test("without another is told, and ends what was asked", async () => {
    const { open, rig, goAway } = await createWorld();
    const device = await open();
    rig.engine.gate = new Promise(() => undefined);
    const errors: unknown[] = [];
    device.on("error", (error) => errors.push(error));
    const predicting = device.model("digits").predict({ input: [0.5] });
    await settle();
    goAway();

    await expect(predicting).rejects.toMatchObject({ code: "TRANSPORT_FAILED" });
    await settle();
    expect(errors).toMatchObject([{ code: "TRANSPORT_FAILED" }]);
  });

  test("is not waited for longer than a minute", async () => {
    const { open, rig, clock } = await createWorld();
    const device = await open();
    rig.engine.gate = new Promise(() => undefined);
    const predicting = device.model("digits").predict({ input: [0.5] });
    await settle();
    clock.advance(60_000);

    await expect(predicting).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });

  test("by its own close answers what was asked with CLOSED, and leaves the device as it was", async () => {
    const { open, rig } = await createWorld();
    const device = await open();
    rig.engine.gate = new Promise(() => undefined);
    const predicting = device.model("digits").predict({ input: [0.5] });
    await settle();
    await device.close();

    await expect(predicting).rejects.toMatchObject({ code: "CLOSED" });
    await expect(device.log("any", {})).rejects.toMatchObject({ code: "CLOSED" });
    expect(rig.device.status().isOnline).toBe(true);
  });
});

describe("a device that is closed", () => {
  test("where it lives says so to whoever asks from elsewhere", async () => {
    const { open, rig } = await createWorld();
    const device = await open();
    await rig.device.close();
    const asked = await Promise.allSettled([
      device.model("digits").predict({ input: [0.5] }),
      device.log("1", {}),
      device.label("1", 3),
      device.featureLog.query(),
      device.featureLog.erase(),
    ]);

    expect(asked).toMatchObject(Array(5).fill({ status: "rejected", reason: { code: "CLOSED" } }));
  });

  test("while it connects anew answers with CLOSED, and ends the line that comes then", async () => {
    const { connect, lines, clock } = await createWorld();
    const ended = new Set<number>();
    let letConnect: () => void = () => undefined;
    let held = Promise.resolve();
    const connectLater = async (): Promise<Line> => {
      await held;
      const line = await connect();
      const at = lines.length;
      return { ...line, close: () => void ended.add(at) };
    };
    const device = await connectDevice({ hello: HELLO, connect: connectLater, clock });
    held = new Promise((resolve) => (letConnect = resolve));
    lines[0]?.close();
    const logging = expect(device.log("1", {})).rejects.toMatchObject({ code: "CLOSED" });
    await settle();
    await device.close();
    letConnect();

    await logging;
    expect([lines.length, ...ended]).toEqual([2, 1, 2]);
  });
});

describe("who serves a line", () => {
  /** What comes back for a message that was put on the line by hand; null when nothing does. */
  async function answerTo(connect: () => Promise<Line>, message: unknown): Promise<unknown> {
    const line = await connect();
    const answers: unknown[] = [];
    line.addEventListener("message", ((event: MessageEvent) => answers.push(event.data)) as never);
    line.postMessage(message, []);
    await settle();
    return answers[0] ?? null;
  }

  const call = (argument: unknown, more: object = {}): object => ({
    id: "1",
    type: "APPLY",
    path: ["ask"],
    argumentList: [{ type: "RAW", value: argument }],
    ...more,
  });

  test.each<[string, unknown]>([
    ["text", "hello"],
    ["nothing", null],
    ["a message without a number", { ...call({ kind: "forget" }), id: undefined }],
  ])("answers %s with nothing, and says that it came", async (_, message) => {
    const { connect, refused } = await createWorld();

    expect(await answerTo(connect, message)).toBeNull();
    expect(refused.map(({ code }) => code)).toEqual(["MESSAGE_MALFORMED"]);
  });

  test.each<[string, object]>([
    ["another function", call({}, { path: ["constructor"] })],
    ["a way into what is served", call({}, { path: ["ask", "constructor"] })],
    ["a property set", call({}, { type: "SET" })],
    ["an object built", call({}, { type: "CONSTRUCT" })],
    ["an end of it all", call({}, { type: "RELEASE" })],
    ["a function handed over", call({}, { argumentList: [{ type: "HANDLER", name: "proxy", value: {} }] })],
    ["two arguments", call({}, { argumentList: [{ type: "RAW" }, { type: "RAW" }] })],
  ])("refuses %s", async (_, message) => {
    const { connect, refused } = await createWorld();

    expect(await answerTo(connect, message)).toMatchObject({
      value: { error: { code: "MESSAGE_MALFORMED" } },
    });
    expect(refused).toHaveLength(1);
  });

  test("answers nothing but a hello first", async () => {
    const { connect } = await createWorld();

    expect(await answerTo(connect, call({ kind: "forget" }))).toMatchObject({
      value: { error: { code: "CLOSED" } },
    });
  });
});
