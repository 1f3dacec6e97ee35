// There before it is asked for: turns of the event loop are counted, and a file takes any number.
import "../on-demand.js";
import type { DeviceId, Evaluate, EvaluationReply } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { DeviceRig, type DeviceRigOptions } from "../../testing/device-rig.js";
import { ManualClock } from "../../testing/manual-clock.js";
import { MemoryBroker } from "../../testing/memory-broker.js";
import { ScriptedServer } from "../../testing/scripted-server.js";

const ana = "ana" as DeviceId;
const input = { input: { shape: [1, 1], data: Float32Array.of(0) } };

/** Lets everything run that waits for no timer. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A device that serves version 1 and has examples, and a server that asks it. Version N has loss N on every example. */
async function world(options: Partial<DeviceRigOptions> = {}) {
  const clock = new ManualClock();
  let isReachable = true;
  const broker = new MemoryBroker({ accepts: () => isReachable, route: ({ deliver }) => deliver() });
  const server = new ScriptedServer(broker, nodeDigest);
  const newStop = (): AbortController => new AbortController();
  const rig = new DeviceRig({ name: ana, clock, broker, digest: nodeDigest, newStop, ...options });
  const versions: Evaluate["versions"] = [];
  for (const version of [1, 2]) versions.push({ version, manifest: await server.publishVersion(version) });
  const [first] = versions;
  if (first !== undefined) server.desire(ana, 1, first.manifest);
  const ask = (change: Partial<Evaluate> = {}): void => {
    const base = { type: "evaluate", runId: "run", attempt: 1, model: "digits", versions } as const;
    server.send(ana, { ...base, maxExamples: 1000, deadlineMs: 60_000, ...change } as Evaluate);
  };
  const replies = (): EvaluationReply[] =>
    server.heard.flatMap(({ message }) =>
      message.type === "evaluated" || message.type === "evaluation-declined" ? [message] : [],
    );
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 1) {
      clock.advance(1);
      await settle();
    }
  };
  const setReachable = (next: boolean): void => {
    isReachable = next;
    if (!next) broker.cut(ana);
  };
  const device = await rig.start();
  await settle();
  return { clock, server, rig, device, versions, ask, replies, pass, setReachable };
}

describe("a device that is asked to evaluate", () => {
  test("says the sums of both versions over the same examples, and nothing else", async () => {
    const { ask, replies, device } = await world();
    ask();
    await settle();

    expect(replies()).toEqual([
      {
        ...{ type: "evaluated", runId: "run", attempt: 1, numExamples: 3, numTerms: 3 },
        results: [
          { version: 1, numCorrect: 3, lossSum: 3 },
          { version: 2, numCorrect: 3, lossSum: 6 },
        ],
      },
    ]);
    await device.close();
  });

  test("measures in batches that add up, and takes no more examples than it is asked for", async () => {
    const { ask, replies, pass, device } = await world({ numExamples: 1000 });
    ask({ maxExamples: 130 });
    await settle();
    await pass(10);

    expect(replies()).toMatchObject([
      { numExamples: 130, numTerms: 130, results: [{ lossSum: 130 }, { lossSum: 260 }] },
    ]);
    await device.close();
  });

  test("goes on serving what it served, and holds no other version afterwards", async () => {
    const { ask, device, rig } = await world();
    ask();
    await settle();

    expect((await device.model("digits").predict(input)).version).toBe(1);
    expect(rig.engine.numOpen).toBe(1);
    await device.close();
  });

  test("answers once, however often the message comes", async () => {
    const { ask, replies, device } = await world();
    ask();
    ask();
    await settle();
    ask();
    await settle();

    expect(replies()).toHaveLength(1);
    await device.close();
  });

  test.each([
    ["not-allowed", { options: { consent: { training: false, reporting: true } } }, {}],
    ["no-examples", { numExamples: 0 }, {}],
    ["incompatible", {}, { model: "other" as Evaluate["model"] }],
  ] as const)("declines as %s", async (reason, options, change) => {
    const { ask, replies, device } = await world(options);
    ask(change);
    await settle();

    expect(replies()).toMatchObject([{ type: "evaluation-declined", reason }]);
    await device.close();
  });

  test("declines while its conditions are against it", async () => {
    const { ask, replies, rig, device } = await world();
    rig.conditions.set(false);
    ask();
    await settle();

    expect(replies()).toMatchObject([{ reason: "not-now" }]);
    await device.close();
  });

  test("says of a version that answers with no number that its loss is none", async () => {
    const { ask, replies, rig, device } = await world();
    rig.engine.measure = (version) => ({ lossSum: version === 2 ? NaN : 1, numCorrect: 0 });
    ask();
    await settle();

    expect(replies()).toMatchObject([{ results: [{ lossSum: 1 }, { lossSum: null }] }]);
    await device.close();
  });

  test("says the code of a version that cannot be loaded, and serves on", async () => {
    const { ask, replies, rig, device } = await world();
    rig.engine.onLoad = (version) => {
      if (version === 2) throw new Error("broken graph");
    };
    ask();
    await settle();

    expect(replies()).toMatchObject([{ reason: "failed", code: "INTERNAL" }]);
    expect(rig.engine.numOpen).toBe(1);
    await device.close();
  });

  test("refuses a bundle of another version than was announced", async () => {
    const { ask, replies, versions, device } = await world();
    const [one] = versions;
    ask({ versions: [{ version: 7, manifest: (one as Evaluate["versions"][number]).manifest }] });
    await settle();

    expect(replies()).toMatchObject([{ reason: "incompatible", code: "MODEL_INCOMPATIBLE" }]);
    await device.close();
  });
});

describe("an evaluation that comes while the device trains", () => {
  test("waits for the training to end, and is measured then", async () => {
    const { ask, replies, rig, server, versions, pass, device } = await world();
    let letTrain = (): void => undefined;
    rig.trainer.gate = new Promise<void>((resolve) => (letTrain = resolve));
    server.base = { version: 1, manifest: (versions[0] as Evaluate["versions"][number]).manifest };
    server.send(ana, server.assignment(ana));
    await settle();
    ask();
    await pass(20);
    expect([rig.trainer.requests.length, replies().length]).toEqual([1, 0]);

    letTrain();
    await settle();
    await pass(5);
    expect(replies()).toMatchObject([{ type: "evaluated" }]);
    await device.close();
  });
});

describe("an evaluation under way", () => {
  const many = { numExamples: 1000 };

  test("stops when the conditions fall", async () => {
    const { ask, replies, rig, pass, device } = await world(many);
    ask();
    await settle();
    rig.conditions.set(false);
    await pass(50);

    expect(replies()).toMatchObject([{ reason: "interrupted" }]);
    expect(rig.engine.numOpen).toBe(1);
    await device.close();
  });

  test("stops when the person takes the consent back", async () => {
    const { ask, replies, pass, device } = await world(many);
    ask();
    await settle();
    device.setConsent({ training: false });
    await pass(50);

    expect(replies()).toMatchObject([{ reason: "not-allowed" }]);
    await device.close();
  });

  test("ends at its deadline", async () => {
    const { ask, replies, pass, device } = await world(many);
    ask({ deadlineMs: 5 });
    await settle();
    await pass(50);

    expect(replies()).toMatchObject([{ reason: "deadline" }]);
    await device.close();
  });

  test("runs no batch for 50 ms after somebody asked the device for an answer", async () => {
    const { ask, replies, versions, pass, device } = await world({ numExamples: 65 });
    ask({ versions: versions.slice(0, 1) });
    await settle();
    await device.model("digits").predict(input);
    await settle();
    await pass(49);
    expect(replies()).toEqual([]);

    await pass(2);
    expect(replies()).toHaveLength(1);
    await device.close();
  });

  test("that ends out of touch is answered when the device is back", async () => {
    const { ask, replies, versions, setReachable, pass, clock, device } = await world({ numExamples: 130 });
    ask({ versions: versions.slice(0, 1) });
    await settle();
    setReachable(false);
    await pass(20);
    expect(replies()).toEqual([]);

    setReachable(true);
    clock.advance(120_000);
    await settle();
    expect(replies()).toMatchObject([{ type: "evaluated" }]);
    await device.close();
  });

  test("that ended out of touch is never sent once the consent is withdrawn", async () => {
    const { ask, replies, versions, setReachable, pass, clock, device } = await world({ numExamples: 130 });
    ask({ versions: versions.slice(0, 1) });
    await settle();
    setReachable(false);
    await pass(20);
    device.setConsent({ training: false });
    setReachable(true);
    clock.advance(120_000);
    await settle();

    expect(device.status().isOnline).toBe(true);
    expect(replies()).toEqual([]);
    await device.close();
  });

  test("is forgotten by a device that is killed", async () => {
    const { ask, replies, rig, pass } = await world(many);
    ask();
    await settle();
    rig.kill();
    const device = await rig.start();
    await settle();
    await pass(50);

    expect(replies()).toEqual([]);
    await device.close();
  });
});
