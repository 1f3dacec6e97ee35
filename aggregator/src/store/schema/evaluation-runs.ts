import { bigserial, index, jsonb, pgTable, text } from "drizzle-orm/pg-core";

/** Evaluations on devices. */
export const evaluationRuns = pgTable(
  "evaluation_runs",
  {
    runId: text("run_id").primaryKey(),
    /** Order of their beginning; clocks may stand still or go back. */
    position: bigserial("position", { mode: "number" }).notNull(),
    model: text("model").notNull(),
    state: text("state").notNull(),
    run: jsonb("run").notNull(),
  },
  (table) => [index("evaluation_runs_of_a_model").on(table.model, table.position)],
);
