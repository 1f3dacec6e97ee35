import type { DeviceId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { nodeDigest } from "../node/digest.js";
import { DeviceRig } from "../testing/device-rig.js";
import { ATTRIBUTION_GRAPH } from "../testing/fake-engine.js";
import { ManualClock } from "../testing/manual-clock.js";
import { MemoryBroker } from "../testing/memory-broker.js";
import { ScriptedServer } from "../testing/scripted-server.js";
import type { DeviceOptions } from "./device-interface.js";

const ana = "ana" as DeviceId;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A device that serves version 2, by which an input's share of the answer is twice the input. */
async function createWorld(featureLog: DeviceOptions["featureLog"] = { explainEvery: 1 }) {
  const clock = new ManualClock();
  const fetched: string[] = [];
  const broker = new MemoryBroker({ accepts: () => true, route: ({ deliver }) => deliver() });
  const server = new ScriptedServer(broker, nodeDigest);
  const newStop = (): AbortController => new AbortController();
  const rig = new DeviceRig({
    ...{ name: ana, clock, broker, digest: nodeDigest, newStop },
    options: { featureLog, consent: { training: false, reporting: true } },
  });
  const put = rig.blobs.put.bind(rig.blobs);
  Object.assign(rig.blobs, {
    put: (sha256: never, bytes: Uint8Array) => {
      fetched.push(new TextDecoder().decode(bytes));
      return put(sha256, bytes);
    },
  });
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 20) {
      clock.advance(20);
      await settle();
    }
  };
  const infer = await server.publishBlob(new TextEncoder().encode("infer graph"));
  const attribution = await server.publishBlob(new TextEncoder().encode(ATTRIBUTION_GRAPH));
  const manifest = await server.publishVersion(2, { changes: { graphs: { infer, attribution } } });
  const device = await rig.start();
  await settle();
  server.desire(ana, 2, manifest);
  await pass(2000);
  const predict = async (x: number): Promise<string> =>
    (await device.model("digits").predict({ input: [x] })).id;
  return { rig, device, pass, predict, fetched, server };
}

describe("a device that explains its predictions", () => {
  test("has in the log what came of each input, after the answer was given", async () => {
    const { device, predict, pass, rig } = await createWorld();
    await predict(0.5);
    const before = await device.featureLog.query();
    await pass(100);

    expect(before).toMatchObject([{ explanation: null }]);
    expect(await device.featureLog.query()).toMatchObject([
      { explanation: { input: { shape: [1, 1], data: Float32Array.of(1) } } },
    ]);
    expect(rig.errors).toEqual([]);
  });

  test("shows it to the person in the export, and still has it after a restart", async () => {
    const { device, predict, pass, rig } = await createWorld();
    await predict(0.5);
    await pass(100);
    await device.close();
    const again = await rig.start();
    const lines: { readonly explanation?: unknown }[] = [];
    for await (const line of again.featureLog.export())
      lines.push(JSON.parse(line) as { readonly explanation?: unknown });

    expect(lines[1]?.explanation).toEqual({
      input: { elementType: "float32", shape: [1, 1], values: [1] },
    });
  });

  test("goes on serving where its engine cannot, and says so in its problems until another version serves", async () => {
    const { device, predict, pass, rig, server } = await createWorld();
    rig.engine.onLoad = () => {
      throw new Error("no such kernel");
    };
    await predict(0.5);
    await pass(100);
    await predict(1);
    await pass(100);
    const { problems } = device.status();
    rig.engine.onLoad = () => undefined;
    server.desire(ana, 3, await server.publishVersion(3));
    await pass(2000);

    expect(problems.map(({ code }) => code)).toEqual(["EXPLANATION_FAILED"]);
    expect(problems[0]?.message).toMatch(/no such kernel/);
    expect(rig.errors).toHaveLength(1);
    expect([device.model("digits").version, device.status().problems]).toEqual([3, []]);
  });

  test("frees what it explains with when it closes", async () => {
    const { device, predict, pass, rig } = await createWorld();
    await predict(0.5);
    await pass(100);
    const numOpen = rig.engine.numOpen;
    await device.close();

    expect([numOpen, rig.engine.numOpen]).toEqual([2, 0]);
  });
});

test.each([
  ["explains nothing", {}],
  ["keeps no log", false],
] as const)("a device that %s never fetches the graph for it", async (_, featureLog) => {
  const { predict, pass, fetched } = await createWorld(featureLog);
  await predict(0.5);
  await pass(1000);

  expect([fetched.includes("infer graph"), fetched.includes(ATTRIBUTION_GRAPH)]).toEqual([true, false]);
});

test("a device that is to explain every half prediction does not start", async () => {
  await expect(createWorld({ explainEvery: 0.5 })).rejects.toMatchObject({ code: "OPTION_INVALID" });
});
