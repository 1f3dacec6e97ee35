import {
  encodeManifest,
  type DeviceId,
  type Evaluate,
  type EvaluationReply,
  type ModelName,
  type Sha256,
} from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { createMemoryBlobStore } from "../../blobs/memory-blob-store.js";
import { ManualClock } from "../../clock/manual-clock.js";
import { deviceFilter } from "../../fleet/filter/device-filter.js";
import { sampleDevice } from "../../http/testing/sample-data.js";
import type { VersionRecord } from "../../rounds/journal.js";
import type { EvaluationRecord } from "../../store/port.js";
import { namesOf, sampleVersion } from "../../store/testing/sample-records.js";
import { FederatedEvaluations } from "./federated-evaluations.js";
import type { EvaluationRequest, EvaluationRunRecord } from "./run-record.js";

const model = "digits" as ModelName;
const REQUEST: EvaluationRequest = {
  ...{ model, version: 2, against: 1, numDevices: 20, minDevices: 3, filter: null, segments: [] },
  ...{ maxExamples: 100, deadlineMs: 60_000 },
};
const sha = (digit: string): Sha256 => digit.repeat(64) as Sha256;

/** Lets everything run that waits for no timer. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

function manifestOf(version: number, hasEval: boolean): Uint8Array<ArrayBuffer> {
  const port = { name: "input", elementType: "float32" as const, shape: [null, 1] };
  const graph = { sha256: sha("1"), sizeBytes: 1 };
  return encodeManifest({
    ...{ format: 1 as const, model, version, checkpoint: { sha256: sha("2"), sizeBytes: 1 } },
    graphs: hasEval ? { infer: graph, eval: graph } : { infer: graph },
    ...{ parameters: [], state: [], inputs: [port], outputs: [{ ...port, name: "answer" }], proximal: false },
    ...{ target: { ...port, name: "target" }, minRuntimeVersion: "0.1.0" },
    lineage: { parentVersion: null, taskId: null, roundId: null, numUpdates: 0, numExamples: 0 },
  });
}

/** A fleet of six that serve the model, three of them in the EU, and what happens around their evaluation. */
async function world({ hasEval = true, numDevices = 6 } = {}) {
  const clock = new ManualClock();
  const blobs = createMemoryBlobStore();
  const versions = new Map<number, VersionRecord>();
  for (const version of [1, 2]) {
    const manifest = await blobs.put(manifestOf(version, hasEval));
    versions.set(version, sampleVersion(namesOf("evaluated"), { model, version, manifest }));
  }
  const fleet = Array.from({ length: numDevices }, (_, at) =>
    sampleDevice(at, {
      serving: { [model]: { version: 1, manifestSha256: null } },
      attributes: { region: at < 3 ? "eu" : "us" },
    }),
  );
  const [runs, kept, sent] = [
    new Map<string, EvaluationRunRecord>(),
    [] as EvaluationRecord[],
    [] as { readonly deviceId: DeviceId; readonly message: Evaluate }[],
  ];
  const held = new Set<string>();
  const counted: string[] = [];
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const create = (): FederatedEvaluations =>
    new FederatedEvaluations({
      ...{ blobs, clock, logger: silent, isOnline: () => true, newSuffix: () => `n${runs.size}` },
      store: {
        saveRun: async (run) => void runs.set(run.runId, run),
        getRun: async (runId) => runs.get(runId),
        listRuns: async () => [...runs.values()].reverse(),
        openRuns: async () => [...runs.values()].filter(({ state }) => state === "running"),
      },
      control: {
        getVersion: async (_model, version) => versions.get(version),
        listDevices: async () => fleet,
        saveEvaluation: async (evaluation) => void kept.push(evaluation),
      },
      publisher: {
        hold: async (owner) => void held.add(owner),
        release: (owner) => void held.delete(owner),
      },
      counters: {
        count: (name, labels) => void counted.push(`${name} ${labels?.["outcome"] ?? ""}`),
        observe: () => undefined,
      },
      compiler: async () => (filter) => deviceFilter(filter, clock.nowMs()),
      send: (deviceId, message) => void sent.push({ deviceId, message }),
      evaluated: async () => undefined,
    });
  const evaluations = create();
  const idsOf = fleet.map(({ deviceId }) => deviceId);
  return { clock, runs, kept, sent, held, counted, create, evaluations, ids: idsOf };
}

/** Ten terms, of which the candidate loses a little less on every device. */
function answer(
  run: { readonly runId: EvaluationRunRecord["runId"] },
  at: number,
  change: object = {},
): EvaluationReply {
  return {
    ...{ type: "evaluated", runId: run.runId, attempt: 1, numExamples: 10, numTerms: 10 },
    results: [
      { version: 2, numCorrect: 9, lossSum: 5 + at / 10 },
      { version: 1, numCorrect: 8, lossSum: 7 + at / 5 },
    ],
    ...change,
  } as EvaluationReply;
}

describe("an evaluation", () => {
  test("asks every device for both versions, holds their bytes, and ends with the last answer", async () => {
    const { evaluations, sent, held, ids } = await world();
    const run = await evaluations.start(REQUEST, "ada");
    expect(sent.map(({ deviceId }) => deviceId).sort()).toEqual([...ids].sort());
    expect(sent[0]?.message.versions.map(({ version }) => version)).toEqual([2, 1]);
    expect(held.size).toBe(1);

    for (const [at, deviceId] of ids.entries()) await evaluations.reply(deviceId, answer(run, at));
    expect(await evaluations.ended(run.runId)).toMatchObject({
      ...{ state: "finished", numAnswered: 6, result: { verdict: "better", numDevices: 6 } },
    });
    expect(held.size).toBe(0);
  });

  test("keeps a row of the evaluation store for each version", async () => {
    const { evaluations, kept, ids } = await world();
    const run = await evaluations.start(REQUEST, "ada");
    for (const deviceId of ids) await evaluations.reply(deviceId, answer(run, 0));
    await evaluations.ended(run.runId);

    expect(kept).toMatchObject([
      { version: 2, dataSet: `devices:${run.runId}`, segment: "", numExamples: 60, accuracy: 0.9, loss: 0.5 },
      { version: 1, dataSet: `devices:${run.runId}`, segment: "", numExamples: 60, accuracy: 0.8, loss: 0.7 },
    ]);
  });

  test("shows segments by themselves, and none of which the rest would be too few", async () => {
    const { evaluations, ids } = await world();
    const [first] = ids;
    const segments = ["attribute.region == eu", `id != ${first}`];
    const run = await evaluations.start({ ...REQUEST, segments }, "ada");
    for (const deviceId of ids) await evaluations.reply(deviceId, answer(run, 0));

    const { segments: shown } = await evaluations.ended(run.runId);
    expect(shown.map(({ result }) => result?.numDevices ?? null)).toEqual([3, null]);
  });

  test("shows nothing of fewer than the cohort, and keeps nothing", async () => {
    const { evaluations, kept, clock, ids } = await world();
    const run = await evaluations.start(REQUEST, "ada");
    for (const deviceId of ids.slice(0, 2)) await evaluations.reply(deviceId, answer(run, 0));
    clock.advance(65_000);
    const ended = await evaluations.ended(run.runId);

    expect(ended).toMatchObject({ state: "finished", numAnswered: 2, numLost: 4, result: null });
    expect(ended.reason).toContain("fewer than 3");
    expect(kept).toEqual([]);
  });

  test("shows nothing before its end", async () => {
    const { evaluations, ids } = await world();
    const run = await evaluations.start(REQUEST, "ada");
    for (const deviceId of ids.slice(0, 5)) await evaluations.reply(deviceId, answer(run, 0));

    expect(await evaluations.show(run.runId)).toMatchObject({
      state: "running",
      numAnswered: 5,
      result: null,
    });
  });

  test("counts those that decline by their reason, and those that leave as lost", async () => {
    const { evaluations, ids } = await world();
    const { runId } = await evaluations.start(REQUEST, "ada");
    const [one, two] = ids as [DeviceId, DeviceId];
    const reason = "not-allowed" as const;
    await evaluations.reply(one, { type: "evaluation-declined", runId, attempt: 1, reason });
    evaluations.deviceLost(two);

    expect(await evaluations.show(runId)).toMatchObject({ declined: { "not-allowed": 1 } });
  });

  test("is refused when too few devices are here", async () => {
    const { evaluations } = await world({ numDevices: 2 });

    await expect(evaluations.start(REQUEST, "ada")).rejects.toMatchObject({
      code: "EVALUATION_TOO_FEW_DEVICES",
    });
  });

  test("is refused for a version without an eval graph, and for one that is not there", async () => {
    const { evaluations } = await world({ hasEval: false });
    await expect(evaluations.start(REQUEST, "ada")).rejects.toMatchObject({ code: "MODEL_INCOMPATIBLE" });

    const other = { ...REQUEST, version: 9 };
    await expect(evaluations.start(other, "ada")).rejects.toMatchObject({ code: "VERSION_UNKNOWN" });
  });

  test("that was open when the server ended is abandoned by the next", async () => {
    const { evaluations, create } = await world();
    const { runId } = await evaluations.start(REQUEST, "ada");
    const next = create();
    await next.restore();

    expect(await next.show(runId)).toMatchObject({ state: "abandoned", result: null });
  });

  test("ends without a result when the server is stopped", async () => {
    const { evaluations, ids } = await world();
    const run = await evaluations.start(REQUEST, "ada");
    for (const deviceId of ids.slice(0, 5)) await evaluations.reply(deviceId, answer(run, 0));
    await evaluations.close();

    expect(await evaluations.show(run.runId)).toMatchObject({ state: "abandoned", result: null });
  });
});

test("a loss beyond all measure is no number, and says of the version that it is broken", async () => {
  const { evaluations, ids } = await world();
  const run = await evaluations.start(REQUEST, "ada");
  for (const deviceId of ids)
    await evaluations.reply(
      deviceId,
      answer(run, 0, {
        results: [
          { version: 2, numCorrect: 1, lossSum: 1e300 },
          { version: 1, numCorrect: 1, lossSum: 1 },
        ],
      }),
    );

  const { result } = await evaluations.ended(run.runId);
  expect(result).toMatchObject({
    verdict: "worse",
    reason: expect.stringMatching(/^its loss is no finite number on \d+ devices$/),
  });
  expect(result?.versions.map(({ loss }) => loss)).toEqual([null, null]);
});

describe("a hostile answer", () => {
  test.each([
    ["more examples than were asked for", { numExamples: 101, numTerms: 101 }],
    ["more terms than its examples have", { numTerms: 11 }],
    ["more correct answers than terms", { results: [sums(2, 11), sums(1, 1)] }],
    ["another version", { results: [sums(3, 1), sums(1, 1)] }],
    ["only one of the versions", { results: [sums(2, 1)] }],
    ["another attempt", { attempt: 2 }],
  ])("with %s is refused, counts for nothing, and is not waited for", async (_what, change) => {
    const { evaluations, ids } = await world();
    const run = await evaluations.start(REQUEST, "ada");
    const [liar, ...honest] = ids as [DeviceId, ...DeviceId[]];

    await expect(evaluations.reply(liar, answer(run, 0, change))).rejects.toMatchObject({
      code: "EVALUATION_INVALID",
    });
    for (const deviceId of honest) await evaluations.reply(deviceId, answer(run, 0));
    expect(await evaluations.ended(run.runId)).toMatchObject({
      ...{ numAnswered: 5, declined: { EVALUATION_INVALID: 1 }, result: { numTerms: 50 } },
    });
  });

  test("of a device that was not asked, or to a run that has ended, is refused", async () => {
    const { evaluations, clock, ids } = await world();
    const run = await evaluations.start(REQUEST, "ada");
    const unknown = { code: "EVALUATION_UNKNOWN" };
    await expect(evaluations.reply("mallory" as DeviceId, answer(run, 0))).rejects.toMatchObject(unknown);

    clock.advance(65_000);
    await settle();
    await expect(evaluations.reply(ids[0] as DeviceId, answer(run, 0))).rejects.toMatchObject(unknown);
  });

  test("that comes twice counts once", async () => {
    const { evaluations, ids } = await world();
    const run = await evaluations.start(REQUEST, "ada");
    const [first] = ids as [DeviceId];
    await evaluations.reply(first, answer(run, 0));
    await evaluations.reply(first, answer(run, 0));

    expect(await evaluations.show(run.runId)).toMatchObject({ numAnswered: 1 });
  });

  function sums(version: number, numCorrect: number, lossSum = 1) {
    return { version, numCorrect, lossSum };
  }
});
