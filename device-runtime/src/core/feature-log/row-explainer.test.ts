// There before it is asked for: turns of the event loop are counted, and a file takes any number.
import "../on-demand.js";
import {
  FedgeError,
  createRandom,
  encodeSafetensors,
  type BlobRef,
  type ModelManifest,
} from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { createMemoryByteStore } from "../../memory/memory-stores.js";
import { ManualClock } from "../../testing/manual-clock.js";
import type { ProgramForm, ServingSession, TensorValues } from "../ports/engine.js";
import { FeatureLog } from "./feature-log.js";
import { limitsOf } from "./log-limits.js";
import { PredictionIds } from "./prediction-ids.js";
import { RowExplainer } from "./row-explainer.js";

const WEIGHT = { name: "weight", elementType: "float32", shape: [1], data: Float32Array.of(3) } as const;
const blob = (digit: string): BlobRef => ({ sha256: digit.repeat(64) as BlobRef["sha256"], sizeBytes: 1 });
/** Longer than nobody may have asked for an answer before a row is explained. */
const QUIET_MS = 60;

const manifestOf = (version: number, graphs: Partial<ModelManifest["graphs"]> = {}): ModelManifest =>
  ({
    ...{ model: "m", version, checkpoint: blob("1"), parameters: [WEIGHT] },
    graphs: { infer: blob("2"), attribution: blob("3"), ...graphs },
    inputs: [{ name: "x", elementType: "float32", shape: [null, 1] }],
  }) as unknown as ModelManifest;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** An engine whose every model is y = 3 x, and so attributes 3 x to x. */
function fakeEngine(form: ProgramForm) {
  const engine = {
    ...{ name: "fake", form, gate: Promise.resolve(), numOpen: 0 },
    /** What runs were given, in order. */
    runs: [] as number[],
    onLoad: (): void => undefined,
    answer: (x: number): TensorValues => ({
      "x.attribution": { shape: [1, 1], data: Float32Array.of(3 * x) },
    }),
    load: async (): Promise<ServingSession> => {
      engine.onLoad();
      engine.numOpen += 1;
      return {
        run: async ({ x }) => {
          const value = Number(x?.data[0]);
          engine.runs.push(value);
          await engine.gate;
          return engine.answer(value);
        },
        close: async () => void (engine.numOpen -= 1),
      };
    },
  };
  return engine;
}

async function openWorld({ every = 1, form = "onnx" as ProgramForm } = {}) {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const log = new FeatureLog({
    ...{ store: createMemoryByteStore(), clock, limits: limitsOf({}), onError },
    onChange: () => undefined,
  });
  await log.restore();
  const engine = fakeEngine(form);
  const fetched: string[] = [];
  const fetcher = {
    fetch: async ({ sha256 }: BlobRef): Promise<Uint8Array> => {
      fetched.push(sha256.slice(0, 1));
      return sha256.startsWith("1") ? encodeSafetensors([WEIGHT]) : new TextEncoder().encode("graph");
    },
  };
  const host = { active: { manifest: manifestOf(1) } as never, before: null };
  const learning = { isBusy: false };
  const explainer = new RowExplainer({
    ...{ log, every, fetcher, learning, hosts: new Map([["m", host]]), onError },
    ports: { serving: engine, clock, newStop: () => new AbortController() },
  });
  const ids = new PredictionIds(clock, createRandom("ids"));
  /** As a device does: asks, answers, logs. */
  const predict = (x: number, version = 1): string => {
    explainer.writeIfEnough();
    const id = ids.next();
    explainer.append({
      ...{ id, atMs: ids.lastMs, model: "m", version, outputs: null, fields: {} },
      inputs: { x: { shape: [1, 1], data: Float32Array.of(x) } },
      ...{ label: null, labelledAtMs: null, explanation: null },
    });
    return id;
  };
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 10) {
      clock.advance(10);
      await settle();
    }
  };
  const serve = (manifest: ModelManifest, releaseCounter = 1): void =>
    void (host.active = { manifest, releaseCounter } as never);
  /** What is attributed to x by the rows, the oldest first. */
  const explained = async (): Promise<(number | null)[]> =>
    [...(await log.query())].reverse().map(({ explanation }) => {
      const value = explanation?.["x"]?.data[0];
      return value === undefined ? null : Number(value);
    });
  return { log, engine, fetched, fetcher, learning, explainer, errors, predict, pass, serve, explained };
}

const codesOf = (errors: readonly unknown[]): unknown[] =>
  errors.map((error) => (error as { code?: unknown }).code);

describe("explanations come", () => {
  test("into the row of every third prediction, by input, as float32 of one value a feature", async () => {
    const { predict, pass, explained, log } = await openWorld({ every: 3 });
    const ids = [1, 2, 3, 4, 5, 6, 7].map((x) => predict(x));
    await pass(2 * QUIET_MS);

    expect(await explained()).toEqual([null, null, 9, null, null, 18, null]);
    const [third] = await log.query({ ids: ids.slice(2, 3) });
    expect(third?.explanation).toEqual({ x: { shape: [1, 1], data: Float32Array.of(9) } });
  });

  test("of a graph that is fetched with the first row that wants one, and once", async () => {
    const { predict, pass, fetched } = await openWorld({ every: 2 });
    predict(1);
    await pass(2 * QUIET_MS);
    const before = [...fetched];
    for (const x of [2, 3, 4]) predict(x);
    await pass(2 * QUIET_MS);

    expect([before, fetched]).toEqual([[], ["3", "1"]]);
  });

  test("not before nobody has asked for an answer for 50 ms", async () => {
    const { predict, pass, engine } = await openWorld();
    for (let at = 0; at < 10; at += 1) {
      predict(at);
      await pass(40);
    }
    const meanwhile = engine.runs.length;
    await pass(200);

    expect([meanwhile, engine.runs]).toEqual([0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
  });

  test("not while the device works for the fleet", async () => {
    const { predict, pass, engine, learning } = await openWorld();
    learning.isBusy = true;
    predict(1);
    await pass(3000);
    const meanwhile = engine.runs.length;
    learning.isBusy = false;
    await pass(1000 + QUIET_MS);

    expect([meanwhile, engine.runs]).toEqual([0, [1]]);
  });

  test("of the newest 64 where more wait", async () => {
    const { predict, pass, explained } = await openWorld();
    for (let x = 1; x <= 66; x += 1) predict(x);
    await pass(500);

    expect((await explained()).slice(0, 4)).toEqual([null, null, 9, 12]);
  });

  test("beside what the row is labelled with meanwhile", async () => {
    const { predict, pass, engine, explainer, log } = await openWorld();
    let open = (): void => undefined;
    engine.gate = new Promise((resolve) => (open = resolve));
    const id = predict(2);
    await pass(QUIET_MS);
    const label = { shape: [1], data: Float32Array.of(1) };
    await explainer.change(id, (row) => ({ ...row, label, labelledAtMs: 5 }));
    open();
    await settle();

    expect(await log.query()).toMatchObject([{ label, explanation: { x: { data: Float32Array.of(6) } } }]);
  });
});

describe("no explanation comes", () => {
  test.each([
    ["of a version without a graph for it", manifestOf(1, { attribution: undefined } as never), 1, "onnx"],
    ["of a version that came with the app", manifestOf(1), 0, "onnx"],
    ["on an engine of layers", manifestOf(1), 1, "layers"],
  ] as const)("%s, and nothing is fetched", async (_, manifest, releaseCounter, form) => {
    const { predict, pass, serve, explained, fetched, errors } = await openWorld({ form });
    serve(manifest, releaseCounter);
    predict(1);
    await pass(2 * QUIET_MS);

    expect([await explained(), fetched, errors]).toEqual([[null], [], []]);
  });

  test("of a version that no longer serves by the time it has answered", async () => {
    const { predict, pass, explained } = await openWorld();
    predict(1, 7);
    await pass(2 * QUIET_MS);

    expect(await explained()).toEqual([null]);
  });

  test("to a row that was erased before its turn, which is not even computed", async () => {
    const { predict, pass, engine, log, errors } = await openWorld();
    predict(1);
    await log.erase();
    await pass(2 * QUIET_MS);

    expect([engine.runs, await log.query(), errors]).toEqual([[], [], []]);
  });

  test("to a row that is erased while it is explained: nothing of it comes back", async () => {
    const { predict, pass, engine, log, errors } = await openWorld();
    let open = (): void => undefined;
    engine.gate = new Promise((resolve) => (open = resolve));
    const id = predict(1);
    await pass(QUIET_MS);
    await log.erase({ ids: [id] });
    open();
    await settle();

    expect([engine.runs, await log.query(), log.totals.numRows, errors]).toEqual([[1], [], 0, []]);
  });

  test("after a close, which waits for the run under way and frees the model", async () => {
    const { predict, pass, engine, explainer, explained, errors } = await openWorld();
    let open = (): void => undefined;
    engine.gate = new Promise((resolve) => (open = resolve));
    predict(1);
    predict(2);
    await pass(QUIET_MS);
    let isClosed = false;
    const closing = explainer.close().then(() => (isClosed = true));
    await settle();
    const before = isClosed;
    open();
    await closing;

    expect([before, engine.runs, engine.numOpen, errors]).toEqual([false, [1], 0, []]);
    expect(await explained()).toEqual([null, null]);
  });

  test("to rows that wait when the device closes", async () => {
    const { predict, engine, explainer, explained } = await openWorld();
    predict(1);
    await explainer.close();

    expect([engine.runs, await explained()]).toEqual([[], [null]]);
  });
});

describe("an engine that cannot explain a version", () => {
  type Engine = Awaited<ReturnType<typeof openWorld>>["engine"];
  const refusal = (): never => {
    throw new FedgeError("ENGINE_FAILED", "no kernel for Softsign");
  };

  test.each<[string, (engine: Engine) => unknown, RegExp]>([
    ["refuses the graph", (engine) => (engine.onLoad = refusal), /no kernel for Softsign/],
    ["fails when it runs", (engine) => (engine.answer = refusal), /no kernel for Softsign/],
    ["gives something else", (engine) => (engine.answer = () => ({})), /gives no attribution/],
  ])("and %s is said once, with what to do, and not asked again", async (_, breakIt, cause) => {
    const { predict, pass, engine, explained, errors } = await openWorld();
    breakIt(engine);
    for (const x of [1, 2, 3]) predict(x);
    await pass(500);
    predict(4);
    await pass(500);

    expect(codesOf(errors)).toEqual(["EXPLANATION_FAILED"]);
    const { message } = errors[0] as Error;
    expect(message).toMatch(cause);
    expect(message).toMatch(/"m" version 1.*serving goes on.*leave featureLog.explainEvery out/);
    expect([engine.runs.length <= 1, await explained()]).toEqual([true, [null, null, null, null]]);
  });

  test("explains the next version, and frees what explained the one before", async () => {
    const { predict, pass, engine, serve, explained } = await openWorld();
    predict(1);
    await pass(2 * QUIET_MS);
    serve(manifestOf(2));
    predict(2, 2);
    await pass(2 * QUIET_MS);

    expect([await explained(), engine.numOpen]).toEqual([[3, 6], 1]);
  });
});

test("what cannot be fetched now is fetched for the next row", async () => {
  const { predict, pass, fetcher, explained, errors } = await openWorld();
  const { fetch } = fetcher;
  fetcher.fetch = () => Promise.reject(new FedgeError("DEADLINE_EXCEEDED", "no block came in time"));
  predict(1);
  await pass(2 * QUIET_MS);
  fetcher.fetch = fetch;
  predict(2);
  await pass(2 * QUIET_MS);

  expect([await explained(), codesOf(errors)]).toEqual([[null, 6], ["DEADLINE_EXCEEDED"]]);
});

test.each([0, -1, 1.5, Number.NaN, "2"])("explaining every %s predictions is refused", async (every) => {
  await expect(openWorld({ every: every as number })).rejects.toMatchObject({
    code: "OPTION_INVALID",
    message: expect.stringContaining("give a whole number from 1") as string,
  });
});
