import { FedgeError } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { TensorValues } from "../core/ports/engine.js";
import type { Answer } from "./engine-worker-api.js";
import { RunLane, serveRuns } from "./run-lane.js";

const inputs = { input: { shape: [1], data: Float32Array.of(2) } };
const doubled = (values: TensorValues): Answer<TensorValues> => ({
  result: { output: { shape: [1], data: Float32Array.of(2 * Number(values["input"]?.data[0])) } },
});

/** A page and a worker that answers when a test lets it. */
function createLane(answer: (session: number, given: TensorValues) => Promise<Answer<TensorValues>>) {
  const { port1, port2 } = new MessageChannel();
  for (const port of [port1, port2]) port.start();
  const transferred: number[] = [];
  const workerEnd = {
    addEventListener: (type: string, listener: never) => port2.addEventListener(type, listener),
    postMessage: (message: unknown, transfer: Transferable[] = []) => {
      transferred.push(transfer.length);
      port2.postMessage(message, transfer);
    },
  };
  serveRuns(workerEnd, answer);
  return { lane: new RunLane(port1), page: port1, transferred, close: () => port1.close() };
}

describe("runs beside comlink", () => {
  test("are answered each by its own, whichever ends first", async () => {
    const ends: (() => void)[] = [];
    const { lane, close } = createLane(async (session) => {
      await new Promise<void>((resolve) => ends.push(resolve));
      return { result: { output: { shape: [1], data: Float32Array.of(session) } } };
    });
    const answers = [lane.run(7, inputs, 1000), lane.run(8, inputs, 1000)];
    while (ends.length < 2) await new Promise((resolve) => setImmediate(resolve));
    for (const end of ends.reverse()) end();

    expect(await Promise.all(answers)).toEqual(
      [7, 8].map((value) => ({ output: { shape: [1], data: Float32Array.of(value) } })),
    );
    close();
  });

  test("throw what the worker answers with", async () => {
    const error = { code: "ENGINE_FAILED", message: "no", details: {} } as const;
    const { lane, close } = createLane(() => Promise.resolve({ error }));

    await expect(lane.run(1, inputs, 1000)).rejects.toMatchObject({ code: "ENGINE_FAILED", message: "no" });
    close();
  });

  test("throw what the lane is ended with, and are no longer waited for", async () => {
    const { lane, close } = createLane(() => new Promise(() => undefined));
    const runs = [lane.run(1, inputs, 1000), lane.run(2, inputs, 1000)];
    const waits = lane.first(0)?.deadlineMs;
    lane.end(new FedgeError("TRAINER_DIED", "gone"));

    expect((await Promise.allSettled(runs)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(runs[0]).rejects.toMatchObject({ code: "TRAINER_DIED" });
    expect([waits, lane.first(0)]).toEqual([1000, undefined]);
    close();
  });

  test("have their deadline from the first look at whichever waits longest", async () => {
    const ends: (() => void)[] = [];
    const { lane, close } = createLane(async (_, given) => {
      await new Promise<void>((resolve) => ends.push(resolve));
      return doubled(given);
    });
    const first = lane.run(1, inputs, 1000);
    const second = lane.run(1, inputs, 1000);
    const looks = [lane.first(5), lane.first(6)];
    while (ends.length < 2) await new Promise((resolve) => setImmediate(resolve));
    ends[0]?.();
    await first;

    expect(looks.map((look) => look?.endsAtMs)).toEqual([1005, 1005]);
    expect(lane.first(900)?.endsAtMs).toBe(1900);
    ends[1]?.();
    await second;
    close();
  });

  test("may have no outputs, or several", async () => {
    const many = {
      a: { shape: [2, 1], data: Float32Array.of(1, 2) },
      b: { shape: [], data: BigInt64Array.of(3n) },
    };
    const { lane, close } = createLane((session) => Promise.resolve({ result: session === 0 ? {} : many }));

    expect([await lane.run(0, {}, 1000), await lane.run(1, many, 1000)]).toEqual([{}, many]);
    close();
  });

  test("take no notice of other messages", async () => {
    const { lane, page, close } = createLane((_, given) => Promise.resolve(doubled(given)));
    for (const message of [null, "text", { id: "1", type: "APPLY" }, { run: 1 }, ["other"]])
      page.postMessage(message);

    expect({ result: await lane.run(1, inputs, 1000) }).toEqual(doubled(inputs));
    close();
  });

  test("hand large outputs over and copy small ones", async () => {
    const sizes = [65_536 / 4 - 1, 65_536 / 4];
    const { lane, transferred, close } = createLane((session) =>
      Promise.resolve({
        result: { output: { shape: [1], data: new Float32Array(sizes[session] ?? 0) } },
      }),
    );
    await lane.run(0, inputs, 1000);
    await lane.run(1, inputs, 1000);

    expect(transferred).toEqual([0, 1]);
    close();
  });
});
