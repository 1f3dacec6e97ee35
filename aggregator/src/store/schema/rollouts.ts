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
} from "drizzle-orm/pg-core";

const milliseconds = (name: string) => bigint(name, { mode: "number" });

/** One row for each rollout; what it is stands in its journal. The rest saves a start from reading all of it. */
export const rollouts = pgTable("rollouts", {
  rolloutId: text("rollout_id").primaryKey(),
  /** Order of creation; clocks may stand still or go back. */
  position: bigserial("position", { mode: "number" }).notNull(),
  /** The state after the first `snapshot_events` events of the journal, without its devices; null before there is one. */
  snapshot: jsonb("snapshot"),
  snapshotTargets: jsonb("snapshot_targets"),
  snapshotEvents: integer("snapshot_events"),
  /** No device's word changes the rollout any more: a start reads neither its devices nor its journal. */
  isRetired: boolean("is_retired").notNull().default(false),
  /** When the control cohort's counts were noted; null before. */
  baselineAtMs: milliseconds("baseline_at_ms"),
});

/** What the control cohort had counted when the rollout's first wave opened. */
export const rolloutBaselines = pgTable(
  "rollout_baselines",
  {
    rolloutId: text("rollout_id")
      .notNull()
      .references(() => rollouts.rolloutId, { onDelete: "cascade" }),
    deviceId: text("device_id").notNull(),
    metrics: jsonb("metrics").notNull(),
    receivedAtMs: milliseconds("received_at_ms").notNull(),
  },
  (table) => [
    primaryKey({ name: "rollout_baselines_once", columns: [table.rolloutId, table.deviceId] }),
    index("rollout_baselines_of_a_device").on(table.deviceId),
  ],
);

export const rolloutEvents = pgTable(
  "rollout_events",
  {
    rolloutId: text("rollout_id")
      .notNull()
      .references(() => rollouts.rolloutId, { onDelete: "cascade" }),
    seq: integer("seq").notNull(),
    event: jsonb("event").notNull(),
  },
  (table) => [
    primaryKey({ name: "rollout_events_seq_once_per_rollout", columns: [table.rolloutId, table.seq] }),
  ],
);

/** Where each device of each rollout stands: written with the events that say so, read for one device's timeline. */
export const rolloutTargets = pgTable(
  "rollout_targets",
  {
    rolloutId: text("rollout_id")
      .notNull()
      .references(() => rollouts.rolloutId, { onDelete: "cascade" }),
    deviceId: text("device_id").notNull(),
    wave: integer("wave").notNull(),
    state: text("state").notNull(),
    attempt: integer("attempt").notNull(),
    code: text("code"),
    message: text("message"),
    changedAtMs: milliseconds("changed_at_ms").notNull(),
  },
  (table) => [
    primaryKey({ name: "rollout_targets_once_per_rollout", columns: [table.rolloutId, table.deviceId] }),
    index("rollout_targets_of_a_device").on(table.deviceId),
  ],
);

/** The newest counts that each device sent of each version, one row for its newest installation. */
export const deviceMetrics = pgTable(
  "device_metrics",
  {
    deviceId: text("device_id").notNull(),
    model: text("model").notNull(),
    version: integer("version").notNull(),
    installation: bigint("installation", { mode: "number" }).notNull(),
    metrics: jsonb("metrics").notNull(),
    receivedAtMs: milliseconds("received_at_ms").notNull(),
  },
  (table) => [
    primaryKey({ name: "device_metrics_once", columns: [table.deviceId, table.model, table.version] }),
    index("device_metrics_of_a_version").on(table.model, table.version),
  ],
);

export const deviceGroups = pgTable("device_groups", {
  name: text("name").primaryKey(),
  filter: text("filter").notNull(),
  changedAtMs: milliseconds("changed_at_ms").notNull(),
});
