import type { DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../node/digest.js";
import { DeviceRig, type DeviceRigOptions } from "../testing/device-rig.js";
import { ManualClock } from "../testing/manual-clock.js";
import { MemoryBroker } from "../testing/memory-broker.js";
import { ScriptedServer } from "../testing/scripted-server.js";

const ana = "ana" as DeviceId;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

function createWorld(options: Partial<DeviceRigOptions> = {}) {
  const clock = new ManualClock();
  const broker = new MemoryBroker({ accepts: () => true, route: ({ deliver }) => deliver() });
  const server = new ScriptedServer(broker, nodeDigest);
  const newStop = (): AbortController => new AbortController();
  const rig = new DeviceRig({
    ...{ name: ana, clock, broker, digest: nodeDigest, newStop, learnsFromLog: true },
    ...options,
  });
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1000);
      await settle();
    }
  };
  /** Online, with version 1. */
  const start = async () => {
    const device = await rig.start();
    await settle();
    server.desire(ana, 1, await server.publishVersion(1));
    await pass(2);
    return device;
  };
  return { clock, server, rig, pass, start };
}

describe("a device remembers", () => {
  test("what it predicted, what was noted and what turned out to be true", async () => {
    const { start } = createWorld();
    const device = await start();
    const { id } = await device.model("digits").predict({ input: [0.5] });
    await device.log(id, { action: "accepted" });
    await device.log(id, { place: 2 });
    await device.label(id, [3]);

    expect(await device.featureLog.query()).toMatchObject([
      {
        ...{ id, model: "digits", version: 1 },
        inputs: { input: { shape: [1, 1], data: Float32Array.of(0.5) } },
        outputs: { answer: { shape: [1], data: Float32Array.of(1) } },
        fields: { action: "accepted", place: 2 },
        label: { shape: [1, 1], data: Float32Array.of(3) },
      },
    ]);
  });

  test("what was served, whatever the app does with its arrays afterwards", async () => {
    const { start } = createWorld();
    const device = await start();
    const data = Float32Array.of(0.5);
    const predicting = device.model("digits").predict({ input: { shape: [1, 1], data } });
    data.fill(9);
    const { outputs } = await predicting;
    outputs["answer"]?.data.fill(9 as never);

    expect(await device.featureLog.query()).toMatchObject([
      {
        inputs: { input: { data: Float32Array.of(0.5) } },
        outputs: { answer: { data: Float32Array.of(1) } },
      },
    ]);
  });

  test.each([{}, { featureLog: false as const }])(
    "nothing once it is closed, and answers with CLOSED, with %j",
    async (options) => {
      const { start } = createWorld({ options });
      const device = await start();
      const { id } = await device.model("digits").predict({ input: [0.5] });
      await device.close();

      const asked = await Promise.allSettled([
        device.model("digits").predict({ input: [0.5] }),
        device.log(id, { action: "accepted" }),
        device.label(id, 3),
        device.featureLog.query(),
        device.featureLog.erase(),
      ]);
      expect(asked).toMatchObject(Array(5).fill({ status: "rejected", reason: { code: "CLOSED" } }));
    },
  );

  test("what it was asked for before it was closed, or says that it is closed", async () => {
    const { start } = createWorld();
    const device = await start();
    const { id } = await device.model("digits").predict({ input: [0.5] });
    const asking = [
      device.model("digits").predict({ input: [0.25] }),
      device.log(id, { action: "accepted" }),
      device.label(id, 3),
      device.featureLog.query(),
    ];
    const closing = device.close();
    const late = [device.model("digits").predict({ input: [1] }), device.log(id, { place: 2 })];
    await closing;

    const failed = (await Promise.allSettled([...asking, ...late])).flatMap((one) =>
      one.status === "rejected" ? [(one.reason as { readonly code?: unknown }).code] : [],
    );
    expect(failed.filter((code) => code !== "CLOSED")).toEqual([]);
  });

  test("after a kill everything that was acknowledged", async () => {
    const { rig, start, pass } = createWorld();
    const device = await start();
    const { id } = await device.model("digits").predict({ input: [0.5] });
    await device.label(id, 3);
    rig.kill();
    await pass(1);
    const again = await rig.start();

    expect(again.status().log.numRows).toBe(1);
    expect(await again.featureLog.query()).toMatchObject([{ id, label: { data: Float32Array.of(3) } }]);
  });

  test("no row where the app wants no log, and takes labels of what it has in memory", async () => {
    const { start, rig } = createWorld({ options: { featureLog: false } });
    const device = await start();
    const { id } = await device.model("digits").predict({ input: [0.5] });
    await device.label(id, [3]);

    expect([await device.featureLog.query(), device.status().log.numRows]).toEqual([[], 0]);
    expect(await rig.store.keys("log/")).toEqual([]);
    await device.close();
    const again = await rig.start();
    await expect(again.label(id, [3])).rejects.toMatchObject({ code: "PREDICTION_UNKNOWN" });
  });

  test("nothing in memory, either, once the person erases", async () => {
    const { start } = createWorld({ options: { featureLog: false } });
    const device = await start();
    const { id } = await device.model("digits").predict({ input: [0.5] });
    await device.featureLog.erase();

    await expect(device.label(id, [3])).rejects.toMatchObject({ code: "PREDICTION_UNKNOWN" });
  });

  test.each<[string, Record<string, never>]>([
    ["an object", { field: {} as never }],
    ["NaN", { field: Number.NaN as never }],
    ["a long text", { field: "x".repeat(1025) as never }],
    ["no name", { "": 1 as never }],
    ["a list", ["a"] as never],
    ["a map", new Map([["action", "accepted"]]) as never],
    ["a set", new Set(["a"]) as never],
    ["a date", new Date(0) as never],
    ["an array of numbers", Float32Array.of(1) as never],
    [
      "an object of a class",
      new (class Note {
        readonly action = "accepted";
      })() as never,
    ],
    ["33 fields", Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`f${at}`, 1 as never]))],
  ])("no note of %s", async (_, fields) => {
    const { start } = createWorld();
    const device = await start();
    const { id } = await device.model("digits").predict({ input: [0.5] });

    await expect(device.log(id, fields)).rejects.toMatchObject({ code: "OPTION_INVALID" });
    expect(await device.featureLog.query()).toMatchObject([{ fields: {} }]);
  });

  test.each<[string, unknown]>([
    ["of another size", [1, 2]],
    ["that is no number", ["cat"]],
    ["of another type", { shape: [1], data: "x" }],
    ["that is null", null],
    ["that is undefined", undefined],
    ["that is a text", "3"],
    ["without values", { shape: [1], data: null }],
    ["without a shape", { shape: null, data: Float32Array.of(1) }],
  ])("no label %s", async (_, truth) => {
    const { start } = createWorld();
    const device = await start();
    const { id } = await device.model("digits").predict({ input: [0.5] });

    await expect(device.label(id, truth as number)).rejects.toMatchObject({ code: "LABEL_INVALID" });
    expect(await device.featureLog.query()).toMatchObject([{ label: null }]);
  });
});

describe("a device learns", () => {
  test("from labelled predictions, and waits for the first", async () => {
    const { server, rig, start, pass } = createWorld();
    const device = await start();
    const types = (): string[] => server.heard.map(({ message }) => message.type);
    expect([types(), device.status().waitingFor]).toEqual([[], ["nothing to learn from yet"]]);

    const { id } = await device.model("digits").predict({ input: [0.5] });
    await device.label(id, 3);
    await pass(70);

    expect([types(), device.status().waitingFor]).toEqual([["check-in"], []]);
    expect(server.heard[0]?.message).toMatchObject({ models: [{ model: "digits", numExamples: 1 }] });
    expect(rig.errors).toEqual([]);
  });
});

describe("rows that are erased while they are learned from", () => {
  test.each([["training", []]])(
    "end a part in a round that is %s, take its update along and are in no later one",
    async (phase, kept) => {
      const { server, rig, start, pass } = createWorld();
      if (phase === "training") rig.trainer.gate = new Promise(() => undefined);
      const device = await start();
      server.base = { version: 1, manifest: await server.publishVersion(1) };
      const { id } = await device.model("digits").predict({ input: [0.5] });
      const { id: other } = await device.model("digits").predict({ input: [1] });
      await device.label(id, 3);
      await pass(70);
      server.send(ana, server.assignment(ana));
      await settle();
      const before = [device.status().round.phase, await rig.store.keys("round/update")];

      // A row without a label was learned from by nothing.
      await device.featureLog.erase({ ids: [other] });
      expect([device.status().round.phase, await rig.store.keys("round/update")]).toEqual(before);
      await device.featureLog.erase({ ids: [id] });
      expect([before, device.status().round.phase]).toEqual([[phase, kept], "resting"]);
      expect([await rig.store.keys("round/update"), server.heard.at(-1)?.message.type]).toEqual([
        [],
        "abort",
      ]);
      expect(device.status().waitingFor).toEqual(["nothing to learn from yet"]);
    },
  );

  test("are erased by a clock that was set back like any others, and ids still ascend", async () => {
    const { clock, rig, start } = createWorld();
    const device = await start();
    const { id: first } = await device.model("digits").predict({ input: [0.5] });
    await device.featureLog.query();
    await device.close();
    clock.advance(-60_000);
    const again = await rig.start();
    await settle();
    const { id: second } = await again.model("digits").predict({ input: [0.5] });

    expect(first < second).toBe(true);
    expect([await again.featureLog.erase(), await again.featureLog.query()]).toEqual([2, []]);
  });
});

describe("consent", () => {
  test("is remembered, unless the app says otherwise", async () => {
    const { rig, pass } = createWorld({ options: { consent: {} } });
    const first = await rig.start();
    expect(first.status().consent).toEqual({ training: false, reporting: false });
    first.setConsent({ training: true });
    await pass(1);
    await first.close();

    expect((await rig.start()).status().consent).toEqual({ training: true, reporting: false });
  });

  test("that is missing is among what the device waits for, and its change is told", async () => {
    const { rig } = createWorld({ options: { consent: {} }, learnsFromLog: false });
    const device = await rig.start();
    await settle();
    const told: (readonly string[])[] = [];
    device.on("conditions", ({ waitingFor }) => told.push(waitingFor));
    const before = device.status().waitingFor;
    device.setConsent({ training: true });

    expect([before, told]).toEqual([["no consent to training"], [[]]]);
  });
});

describe("a device that is to be forgotten", () => {
  test("erases everything, tells the server and ends", async () => {
    const { rig, start } = createWorld();
    const device = await start();
    const { id } = await device.model("digits").predict({ input: [0.5] });
    await device.label(id, 3);
    const told: object[] = [];
    device.on("forgotten", (detail) => told.push(detail));

    expect(await device.forget()).toEqual({ isServerTold: true });
    expect([await rig.store.keys(""), await rig.blobs.list(), rig.numKeysErased]).toEqual([[], [], 1]);
    expect([rig.farewells.length, told]).toEqual([1, [{ isServerTold: true }]]);
    await expect(device.model("digits").predict({ input: [1] })).rejects.toMatchObject({
      code: "CLOSED",
    });
  });

  test("without a server is told to it by the next one here", async () => {
    const { rig, start } = createWorld();
    const device = await start();
    rig.isServerReachable = false;
    expect(await device.forget()).toEqual({ isServerTold: false });
    rig.isServerReachable = true;
    await rig.start();
    await settle();

    expect([rig.farewells.length, await rig.store.keys("farewell")]).toEqual([1, []]);
  });
});
