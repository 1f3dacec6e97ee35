import { decodeWith, FedgeError } from "@fedge/protocol";
import { and, asc, desc, eq } from "drizzle-orm";
import { alertRecord, subjectOf, type AlertRecord, type Delivery } from "../drift/alerts/alert-record.js";
import type { AlertChange, DriftStore } from "../drift/drift-store.js";
import type { Database } from "./database.js";
import { asStoreOperation } from "./database-errors.js";
import { driftAlerts, driftDeliveries } from "./schema/drift.js";

type AlertQueries = Pick<
  DriftStore,
  "saveAlerts" | "getAlert" | "listAlerts" | "pendingDeliveries" | "saveDelivery"
>;

export function alertQueries(database: Database): AlertQueries {
  return {
    saveAlerts: (change) =>
      asStoreOperation("save alerts", CONFLICTS, () =>
        database.transaction((transaction) => writeAlerts(transaction, change)),
      ),
    getAlert: (alertId) =>
      asStoreOperation("read an alert", {}, async () => {
        const [row] = await database.select().from(driftAlerts).where(eq(driftAlerts.alertId, alertId));
        return row === undefined ? undefined : kept(row.alert);
      }),
    listAlerts: ({ model, isOpen, limit }) =>
      asStoreOperation("list alerts", {}, async () => {
        const ofModel = model === undefined ? undefined : eq(driftAlerts.model, model);
        const inState = isOpen === undefined ? undefined : eq(driftAlerts.isOpen, isOpen);
        const rows = await database
          .select()
          .from(driftAlerts)
          .where(and(ofModel, inState))
          .orderBy(desc(driftAlerts.position))
          .limit(limit);
        return rows.map((row) => kept(row.alert));
      }),
    pendingDeliveries: () =>
      asStoreOperation("list webhook calls", {}, async () => {
        const pending = database.select().from(driftDeliveries).where(eq(driftDeliveries.state, "pending"));
        return (await pending.orderBy(asc(driftDeliveries.nextAtMs))).map((row) => ({
          ...row,
          state: "pending" as const,
        }));
      }),
    saveDelivery: (delivery) =>
      asStoreOperation("save a webhook call", {}, async () => {
        await writeDelivery(database, delivery);
      }),
  };
}

/** In the transaction of what caused them. */
export async function writeAlerts(database: Database, { alerts, deliveries }: AlertChange): Promise<void> {
  for (const alert of alerts) await writeAlert(database, alert);
  for (const delivery of deliveries) await writeDelivery(database, delivery);
}

async function writeAlert(database: Database, given: AlertRecord): Promise<void> {
  // Checked here too: what is written must be readable.
  const alert = kept(given);
  const { alertId, model, state } = alert;
  const set = { isOpen: state !== "resolved", alert };
  await database
    .insert(driftAlerts)
    .values({ alertId, model, subject: subjectOf(alert.evidence), ...set })
    .onConflictDoUpdate({ target: driftAlerts.alertId, set });
}

async function writeDelivery(database: Database, delivery: Delivery): Promise<void> {
  const { state, numAttempts, nextAtMs } = delivery;
  await database
    .insert(driftDeliveries)
    .values(delivery)
    .onConflictDoUpdate({ target: driftDeliveries.deliveryId, set: { state, numAttempts, nextAtMs } });
}

const CONFLICTS = {
  drift_alerts_one_open_per_subject: () =>
    new FedgeError("VERSION_CONFLICT", "there is an open alert of this matter already; look at it again"),
};

function kept(value: unknown): AlertRecord {
  return decodeWith(alertRecord, value, { what: "kept alert", code: "DATA_CORRUPT" });
}
