import { sql } from "drizzle-orm";
import {
  bigint,
  bigserial,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from "drizzle-orm/pg-core";

const milliseconds = (name: string) => bigint(name, { mode: "number" });
const windowNumber = () => bigint("window", { mode: "number" }).notNull();

/** Whose counts of an open window are in the sums. Deleted when the window closes. */
export const driftReceipts = pgTable(
  "drift_receipts",
  {
    model: text("model").notNull(),
    version: integer("version").notNull(),
    window: windowNumber(),
    deviceId: text("device_id").notNull(),
  },
  (table) => [
    primaryKey({
      name: "drift_receipts_once_per_window",
      columns: [table.model, table.version, table.window, table.deviceId],
    }),
  ],
);

/** Sums of open windows, in base64 of `encodeVector`. */
export const driftSums = pgTable(
  "drift_sums",
  {
    model: text("model").notNull(),
    version: integer("version").notNull(),
    layoutSha256: text("layout_sha256").notNull(),
    window: windowNumber(),
    cohort: text("cohort").notNull(),
    replicate: integer("replicate").notNull(),
    numCells: integer("num_cells").notNull(),
    vector: text("vector").notNull(),
  },
  (table) => [
    primaryKey({
      name: "drift_sums_once",
      columns: [table.model, table.version, table.layoutSha256, table.window, table.cohort, table.replicate],
    }),
  ],
);

/** How many windows of devices are in no sum, and why; of each model's newest versions. */
export const driftRefusals = pgTable(
  "drift_refusals",
  {
    model: text("model").notNull(),
    version: integer("version").notNull(),
    reason: text("reason").notNull(),
    numWindows: bigint("num_windows", { mode: "number" }).notNull(),
  },
  (table) => [
    primaryKey({ name: "drift_refusals_once", columns: [table.model, table.version, table.reason] }),
  ],
);

/** Devices that two cohorts of an open window have in common. */
export const driftOverlaps = pgTable(
  "drift_overlaps",
  {
    model: text("model").notNull(),
    version: integer("version").notNull(),
    layoutSha256: text("layout_sha256").notNull(),
    window: windowNumber(),
    first: text("first").notNull(),
    second: text("second").notNull(),
    numDevices: integer("num_devices").notNull(),
    numReporting: integer("num_reporting").notNull().default(0),
  },
  (table) => [
    primaryKey({
      name: "drift_overlaps_once",
      columns: [table.model, table.version, table.layoutSha256, table.window, table.first, table.second],
    }),
  ],
);

/** What closed windows gave, once each. */
export const driftReleases = pgTable(
  "drift_releases",
  {
    model: text("model").notNull(),
    version: integer("version").notNull(),
    window: windowNumber(),
    position: bigserial("position", { mode: "number" }).notNull(),
    release: jsonb("release").notNull(),
    releasedAtMs: milliseconds("released_at_ms").notNull(),
  },
  (table) => [
    primaryKey({ name: "drift_releases_once", columns: [table.model, table.version, table.window] }),
  ],
);

/** The cohorts of a release that are shown. */
export const driftViews = pgTable(
  "drift_views",
  {
    model: text("model").notNull(),
    version: integer("version").notNull(),
    window: windowNumber(),
    cohort: text("cohort").notNull(),
    view: jsonb("view").notNull(),
  },
  (table) => [
    primaryKey({
      name: "drift_views_once",
      columns: [table.model, table.version, table.cohort, table.window],
    }),
  ],
);

export const driftAlerts = pgTable(
  "drift_alerts",
  {
    alertId: text("alert_id").primaryKey(),
    position: bigserial("position", { mode: "number" }).notNull(),
    model: text("model").notNull(),
    /** What it is about, such as `drift/age`: one open alert for each. */
    subject: text("subject").notNull(),
    isOpen: boolean("is_open").notNull(),
    alert: jsonb("alert").notNull(),
  },
  (table) => [
    uniqueIndex("drift_alerts_one_open_per_subject")
      .on(table.model, table.subject)
      .where(sql`${table.isOpen}`),
    index("drift_alerts_of_a_model").on(table.model, table.position),
  ],
);

/** Webhook calls, one for each event of an alert. */
export const driftDeliveries = pgTable(
  "drift_deliveries",
  {
    deliveryId: text("delivery_id").primaryKey(),
    alertId: text("alert_id").notNull(),
    state: text("state").notNull(),
    numAttempts: integer("num_attempts").notNull(),
    nextAtMs: milliseconds("next_at_ms").notNull(),
    body: text("body").notNull(),
  },
  (table) => [index("drift_deliveries_by_state").on(table.state, table.nextAtMs)],
);
