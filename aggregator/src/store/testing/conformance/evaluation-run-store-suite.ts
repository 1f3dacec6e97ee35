import type { EvaluationRunId, ModelName } from "@fedge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EvaluationRunRecord } from "../../../evaluation/federated/run-record.js";
import type { DatabaseStore } from "../../drizzle-store.js";
import { namesOf } from "../sample-records.js";

/** What every store of evaluations on devices does. One store serves all tests, each under names of its own. */
export function describeEvaluationRunStore(name: string, open: () => Promise<DatabaseStore>): void {
  describe(`evaluation runs on ${name}`, () => {
    let database: DatabaseStore;
    let tests = 0;
    beforeAll(async () => {
      database = await open();
    }, 120_000);
    afterAll(() => database.close(), 60_000);

    const newModel = (): ModelName => namesOf(`evaluation-${(tests += 1)}`).model;
    const running = (model: ModelName, runId: string): EvaluationRunRecord => ({
      runId: `${model}-${runId}` as EvaluationRunId,
      request: {
        ...{ model, version: 2, against: 1, numDevices: 5, minDevices: 3, filter: "tag == pilot" },
        ...{ segments: ["platform == node"], maxExamples: 100, deadlineMs: 60_000 },
      },
      ...{ actor: "ada", state: "running", reason: null, startedAtMs: 1000, endedAtMs: null },
      ...{ numAsked: 5, numAnswered: 0, numLost: 0, declined: {}, result: null, segments: [] },
    });
    const finished = (run: EvaluationRunRecord): EvaluationRunRecord => ({
      ...{ ...run, state: "finished", reason: "all answered", endedAtMs: 2000, numAnswered: 4 },
      declined: { "not-now": 1 },
      result: {
        ...{
          numDevices: 4,
          numExamples: 40,
          numTerms: 80,
          accuracy: null,
          verdict: "better",
          reason: "by loss",
        },
        versions: [
          { version: 2, loss: 0.5, accuracy: 0.75, numNotFinite: 0 },
          { version: 1, loss: null, accuracy: null, numNotFinite: 4 },
        ],
        loss: { difference: -0.25, standardError: 0.125, low: -0.6, high: 0.1, pValue: 0.0625 },
      },
      segments: [{ segment: "platform == node", result: null }],
    });

    test("a run is read as it was saved, and as it was saved last", async () => {
      const run = running(newModel(), "a");
      await database.evaluationRuns.saveRun(run);
      expect(await database.evaluationRuns.getRun(run.runId)).toEqual(run);

      await database.evaluationRuns.saveRun(finished(run));
      expect(await database.evaluationRuns.getRun(run.runId)).toEqual(finished(run));
    });

    test("what was never saved is not there", async () => {
      expect(await database.evaluationRuns.getRun("nobody" as EvaluationRunId)).toBeUndefined();
    });

    test("a model's runs are listed newest first, and no more than are asked for", async () => {
      const model = newModel();
      const runs = ["a", "b", "c"].map((id) => running(model, id));
      for (const run of runs) await database.evaluationRuns.saveRun(run);
      await database.evaluationRuns.saveRun(running(newModel(), "other"));

      const [first, second, third] = runs;
      expect(await database.evaluationRuns.listRuns(model, 2)).toEqual([third, second]);
      expect((await database.evaluationRuns.listRuns(model, 10)).at(-1)).toEqual(first);
    });

    test("only runs that have not ended are open", async () => {
      const model = newModel();
      const [open, ended] = [running(model, "open"), running(model, "ended")];
      await database.evaluationRuns.saveRun(open);
      await database.evaluationRuns.saveRun(finished(ended));

      const found = await database.evaluationRuns.openRuns();
      expect(found.filter(({ request }) => request.model === model)).toEqual([open]);
    });

    test("what cannot be read back is not written", async () => {
      const run = { ...running(newModel(), "a"), numAsked: -1 };

      await expect(database.evaluationRuns.saveRun(run)).rejects.toMatchObject({ code: "DATA_CORRUPT" });
    });
  });
}
