import { decodeWith, modelName } from "@fedge/protocol";
import { and, eq, lt, sql } from "drizzle-orm";
import type { DriftStore } from "../drift/drift-store.js";
import { WINDOW_REFUSALS } from "../drift/intake/refused-windows.js";
import type { Database } from "./database.js";
import { asStoreOperation } from "./database-errors.js";
import { driftRefusals } from "./schema/drift.js";

const READ = { what: "a model's name in the store", code: "DATA_CORRUPT" } as const;

/** What is kept of windows that are in no sum. */
export function refusalQueries(database: Database): Pick<DriftStore, "addRefusals" | "listRefusals"> {
  return {
    addRefusals: (counts, { numVersions }) =>
      asStoreOperation("keep why windows were refused", {}, () =>
        database.transaction(async (transaction) => {
          for (const count of counts) await addCount(transaction, count);
          for (const model of new Set(counts.map((count) => count.model)))
            await forgetOldVersions(transaction, model, numVersions);
        }),
      ),
    listRefusals: () =>
      asStoreOperation("read why windows were refused", {}, async () => {
        const rows = await database.select().from(driftRefusals);
        return rows.flatMap(({ reason: kept, ...row }) => {
          const reason = WINDOW_REFUSALS.find((each) => each === kept);
          // A later server may know more reasons.
          return reason === undefined
            ? []
            : [{ ...row, model: decodeWith(modelName, row.model, READ), reason }];
        });
      }),
  };
}

async function addCount(
  database: Database,
  { model, version, reason, numWindows }: Parameters<DriftStore["addRefusals"]>[0][number],
): Promise<void> {
  await database
    .insert(driftRefusals)
    .values({ model, version, reason, numWindows })
    .onConflictDoUpdate({
      target: [driftRefusals.model, driftRefusals.version, driftRefusals.reason],
      set: { numWindows: sql`${driftRefusals.numWindows} + ${numWindows}` },
    });
}

async function forgetOldVersions(database: Database, model: string, numVersions: number): Promise<void> {
  const rows = await database
    .selectDistinct({ version: driftRefusals.version })
    .from(driftRefusals)
    .where(eq(driftRefusals.model, model));
  const oldest = rows.map(({ version }) => version).sort((a, b) => b - a)[numVersions - 1];
  if (oldest === undefined) return;
  await database
    .delete(driftRefusals)
    .where(and(eq(driftRefusals.model, model), lt(driftRefusals.version, oldest)));
}
