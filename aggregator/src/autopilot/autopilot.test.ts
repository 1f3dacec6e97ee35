import { FedgeError, type BlobRef, type Sha256 } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { createMemoryBlobStore } from "../blobs/memory-blob-store.js";
import { encodeExampleResults } from "../evaluation/example-results.js";
import { sampleTask } from "../http/testing/sample-data.js";
import type { DeviceComparison, DevicePair } from "../evaluation/federated/device-comparisons.js";
import type { RolloutConfig } from "../rollouts/rollout-config.js";
import type { RolloutService } from "../rollouts/rollout-service.js";
import type { RolloutView } from "../rollouts/rollout-view.js";
import type { EvaluationRecord } from "../store/port.js";
import { decodeTaskConfig } from "../tasks/task-config.js";
import { Autopilot, isBetter } from "./autopilot.js";

const TASK = sampleTask();
type DeviceVerdict = DeviceComparison["result"]["verdict"];

function comparison(verdict: DeviceVerdict): DeviceComparison {
  const counts = { numDevices: 7, numExamples: 70, numTerms: 70 };
  const result = { ...counts, versions: [], loss: null, accuracy: null, verdict, reason: "by loss" };
  return { result, runId: "run-1" as DeviceComparison["runId"], look: 1 };
}

const wanted = { everyGoodRounds: 2, evaluation: "held-out", template: "staged", needsApproval: true };

const blobs = createMemoryBlobStore();

/** What a version gave on two thousand examples of which the hash is so many times the digit. */
function resultsOn(digit: string): Promise<BlobRef> {
  const dataSha256 = digit.repeat(64) as Sha256;
  return blobs.put(encodeExampleResults({ dataSha256, losses: new Float32Array(2000), correct: null }));
}

function flying(
  accuracies: Readonly<Record<number, number>>,
  autopilot: object | undefined = wanted,
  devices?: DeviceVerdict,
  results: Readonly<Record<number, BlobRef>> = {},
  /** What is there already under the name. */
  there?: Partial<RolloutView>,
) {
  const asked: DevicePair[] = [];
  const made: RolloutConfig[] = [];
  const commands: string[] = [];
  const audited: string[] = [];
  const create = async (config: RolloutConfig) => {
    if (there !== undefined) throw new FedgeError("ROLLOUT_STATE_CONFLICT", "it is there");
    made.push(config);
    return {} as Awaited<ReturnType<RolloutService["create"]>>;
  };
  const command = async (_: unknown, name: string) => {
    commands.push(name);
    return {} as Awaited<ReturnType<RolloutService["command"]>>;
  };
  const common = {
    model: TASK.model,
    segment: "",
    results: null,
    numExamples: 2000,
    loss: 1,
    evaluatedAtMs: 0,
  };
  const evaluations = Object.entries(accuracies).flatMap(([name, accuracy]): EvaluationRecord[] => {
    const version = Number(name);
    // What the devices of a round measured of the version that they got is a loss only.
    const onDevices = { ...common, version, dataSet: "devices:digits-1", accuracy: null };
    return [
      onDevices,
      { ...common, version, dataSet: "held-out", accuracy, results: results[version] ?? null },
    ];
  });
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const pilot = new Autopilot({
    store: { listEvaluations: async () => evaluations },
    blobs,
    rollouts: { create, command, get: async () => there as RolloutView },
    versionBefore: async () => 1,
    evaluateOnDevices: async (pair) => {
      asked.push(pair);
      return devices === undefined
        ? { result: null, reason: "2 devices answered; 9 failed" }
        : comparison(devices);
    },
    audit: {
      append: async ({ actor, action, subject, details }) =>
        void audited.push(`${actor} ${action} ${subject}: ${String(details["reason"])}`),
    },
    logger: silent,
  });
  const task = decodeTaskConfig(autopilot === undefined ? TASK : { ...TASK, autopilot });
  return { asked, made, commands, audited, consider: (version: number) => pilot.consider(task, version) };
}

describe("an autopilot", () => {
  test("proposes a version that is better beyond noise, by the task's template, and waits for approval", async () => {
    const { made, commands, consider } = flying({ 1: 0.9, 5: 0.93 });

    expect(await consider(5)).toBe("digits-1-v5");
    expect(made[0]).toMatchObject({ model: TASK.model, version: 5, needsApproval: true });
    expect(made[0]?.waves.map(({ percent }) => percent)).toEqual([100, 1, 5, 25, 100]);
    expect(commands).toEqual([]);
  });

  test.each<[string, Partial<RolloutView>, readonly string[]]>([
    [
      "was made before a restart and not started is started",
      { state: "ready", createdBy: "autopilot" },
      ["start"],
    ],
    ["runs already is left alone", { state: "running", createdBy: "autopilot" }, []],
    ["a person has edited is left to him", { state: "ready", createdBy: "ada" }, []],
  ])("what %s", async (_, there, wantedCommands) => {
    const { commands, consider } = flying(
      { 1: 0.9, 5: 0.93 },
      { ...wanted, needsApproval: false },
      undefined,
      {},
      there,
    );

    await consider(5);

    expect(commands).toEqual(wantedCommands);
  });

  test("starts it at once where the task wants no approval", async () => {
    const { commands, consider } = flying({ 1: 0.9, 5: 0.93 }, { ...wanted, needsApproval: false });
    await consider(5);

    expect(commands).toEqual(["start"]);
  });

  test.each([
    [
      "better only by chance",
      { 1: 0.9, 5: 0.905 },
      "not better beyond noise: 1810 of 2000 right, version 1: 1800 of 2000 right",
    ],
    [
      "worse",
      { 1: 0.9, 5: 0.8 },
      "not better beyond noise: 1600 of 2000 right, version 1: 1800 of 2000 right",
    ],
    ["not measured", { 1: 0.9 }, "version 5 was not measured on the server's data"],
  ])("leaves a version alone that is %s, and the audit log says why", async (_, accuracies, why) => {
    const { made, audited, consider } = flying(accuracies);

    expect(await consider(5)).toBeNull();
    expect(made).toEqual([]);
    expect(audited).toEqual([`autopilot rollout.not-proposed digits-1-v5: ${why}`]);
  });

  test.each([
    ["the same data", "a", "digits-1-v5", []],
    ["other data", "b", null, ["version 1 was measured on other data than version 5"]],
  ])("compares versions that were measured on %s: %s", async (_, digit, rolloutId, why) => {
    const results = { 1: await resultsOn("a"), 5: await resultsOn(digit) };
    const { audited, consider } = flying({ 1: 0.9, 5: 0.93 }, wanted, undefined, results);

    expect(await consider(5)).toBe(rolloutId);
    expect(audited).toEqual(why.map((each) => `autopilot rollout.not-proposed digits-1-v5: ${each}`));
  });

  test("proposes a version that the devices find better, and says what they said", async () => {
    const onDevices = { ...wanted, evaluation: "devices", minDevices: 3 };
    const { asked, made, consider } = flying({}, onDevices, "better");

    expect(await consider(5)).toBe("digits-1-v5");
    expect(asked).toEqual([{ model: TASK.model, version: 5, against: 1, filter: null, minDevices: 3 }]);
    expect(made[0]?.note).toBe("better than version 1 on 7 devices by loss (evaluation run-1)");
  });

  test.each(["worse", "no difference shown", "not comparable", undefined] as const)(
    "leaves a version alone of which the devices say: %s",
    async (verdict) => {
      const { made, audited, consider } = flying(
        { 1: 0.5, 5: 0.9 },
        { ...wanted, evaluation: "devices" },
        verdict,
      );

      expect(await consider(5)).toBeNull();
      expect(made).toEqual([]);
      const why =
        verdict === undefined
          ? "too few devices could evaluate it: 2 devices answered; 9 failed"
          : `${verdict} against version 1 on 7 devices by loss (evaluation run-1)`;
      expect(audited).toEqual([`autopilot rollout.not-proposed digits-1-v5: ${why}`]);
    },
  );

  test("930 of 1000 are better than 900 (z = 2.41), and 915 are not (z = 1.17)", () => {
    const of = (numCorrect: number) => ({ numCorrect, numExamples: 1000 });

    expect(isBetter(of(930), of(900))).toBe(true);
    expect(isBetter(of(915), of(900))).toBe(false);
  });
});
