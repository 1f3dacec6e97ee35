import { decodeWith } from "@fedge/protocol";
import { asc, desc, eq } from "drizzle-orm";
import { evaluationRun, type EvaluationRunRecord } from "../evaluation/federated/run-record.js";
import type { EvaluationRunStore } from "../evaluation/federated/run-store.js";
import type { Database } from "./database.js";
import { asStoreOperation } from "./database-errors.js";
import { evaluationRuns } from "./schema/evaluation-runs.js";

export function evaluationRunQueries(database: Database): EvaluationRunStore {
  return {
    saveRun: (given) =>
      asStoreOperation("save an evaluation on devices", {}, async () => {
        // Checked here too: what is written must be readable.
        const run = decode(given);
        const { runId, state, request } = run;
        await database
          .insert(evaluationRuns)
          .values({ runId, model: request.model, state, run })
          .onConflictDoUpdate({ target: evaluationRuns.runId, set: { state, run } });
      }),
    getRun: (runId) =>
      asStoreOperation("read an evaluation on devices", {}, async () => {
        const [row] = await database.select().from(evaluationRuns).where(eq(evaluationRuns.runId, runId));
        return row === undefined ? undefined : decode(row.run);
      }),
    listRuns: (model, limit) =>
      asStoreOperation("list evaluations on devices", {}, async () => {
        const ofModel = database.select().from(evaluationRuns).where(eq(evaluationRuns.model, model));
        const rows = await ofModel.orderBy(desc(evaluationRuns.position)).limit(limit);
        return rows.map((row) => decode(row.run));
      }),
    openRuns: () =>
      asStoreOperation("list open evaluations on devices", {}, async () => {
        const open = database.select().from(evaluationRuns).where(eq(evaluationRuns.state, "running"));
        return (await open.orderBy(asc(evaluationRuns.position))).map((row) => decode(row.run));
      }),
  };
}

function decode(value: unknown): EvaluationRunRecord {
  return decodeWith(evaluationRun, value, { what: "kept evaluation on devices", code: "DATA_CORRUPT" });
}
