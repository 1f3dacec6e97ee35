import { sql } from "drizzle-orm";
import {
  bigint,
  bigserial,
  boolean,
  doublePrecision,
  foreignKey,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
} from "drizzle-orm/pg-core";

const milliseconds = (name: string) => bigint(name, { mode: "number" });
const amount = (name: string) => bigint(name, { mode: "number" });

/** Of versions that were made before it was kept. */
const UNKNOWN_PROVENANCE = {
  cohortSize: 0,
  privacySpent: null,
  dataWindow: null,
  codeVersion: "0.1.0",
  signer: null,
};

/**
 * What must never happen is refused by the database itself, so that two aggregators on one PostgreSQL cannot both
 * win: one active task per model, one open round per task, one version per number and per round, one event per place.
 */
export const tasks = pgTable(
  "tasks",
  {
    taskId: text("task_id").primaryKey(),
    /** Order of creation; clocks may stand still or go back. */
    position: bigserial("position", { mode: "number" }).notNull(),
    model: text("model").notNull(),
    config: jsonb("config").notNull(),
    status: text("status").notNull(),
    statusReason: text("status_reason"),
    createdAtMs: milliseconds("created_at_ms").notNull(),
    endedAtMs: milliseconds("ended_at_ms"),
  },
  (table) => [
    uniqueIndex("tasks_one_active_per_model")
      .on(table.model)
      .where(sql`${table.status} in ('running', 'paused')`),
  ],
);

export const rounds = pgTable(
  "rounds",
  {
    roundId: text("round_id").primaryKey(),
    taskId: text("task_id")
      .notNull()
      .references(() => tasks.taskId),
    number: integer("number").notNull(),
    baseVersion: integer("base_version").notNull(),
    openedAtMs: milliseconds("opened_at_ms").notNull(),
    isOpen: boolean("is_open").notNull(),
    summary: jsonb("summary").notNull(),
  },
  (table) => [
    unique("rounds_number_once_per_task").on(table.taskId, table.number),
    uniqueIndex("rounds_one_open_per_task")
      .on(table.taskId)
      .where(sql`${table.isOpen}`),
  ],
);

export const roundEvents = pgTable(
  "round_events",
  {
    roundId: text("round_id")
      .notNull()
      .references(() => rounds.roundId),
    seq: integer("seq").notNull(),
    event: jsonb("event").notNull(),
  },
  (table) => [primaryKey({ name: "round_events_seq_once_per_round", columns: [table.roundId, table.seq] })],
);

export const modelVersions = pgTable(
  "model_versions",
  {
    model: text("model").notNull(),
    version: integer("version").notNull(),
    manifest: jsonb("manifest").notNull(),
    checkpoint: jsonb("checkpoint").notNull(),
    optimizerState: jsonb("optimizer_state"),
    parentVersion: integer("parent_version"),
    taskId: text("task_id"),
    roundId: text("round_id"),
    numUpdates: amount("num_updates").notNull(),
    numExamples: amount("num_examples").notNull(),
    provenance: jsonb("provenance").notNull().default(UNKNOWN_PROVENANCE),
    finalSum: jsonb("final_sum"),
    createdAtMs: milliseconds("created_at_ms").notNull(),
    deletedAtMs: milliseconds("deleted_at_ms"),
  },
  (table) => [
    primaryKey({ name: "model_versions_number_once_per_model", columns: [table.model, table.version] }),
    uniqueIndex("model_versions_one_per_round")
      .on(table.roundId)
      .where(sql`${table.roundId} is not null`),
  ],
);

export const evaluations = pgTable(
  "evaluations",
  {
    model: text("model").notNull(),
    version: integer("version").notNull(),
    dataSet: text("data_set").notNull(),
    /** Empty for the whole set. */
    segment: text("segment").notNull().default(""),
    numExamples: amount("num_examples").notNull(),
    accuracy: doublePrecision("accuracy"),
    loss: doublePrecision("loss").notNull(),
    results: jsonb("results"),
    evaluatedAtMs: milliseconds("evaluated_at_ms").notNull(),
  },
  (table) => [
    primaryKey({
      name: "evaluations_once_per_data_set",
      columns: [table.model, table.version, table.dataSet, table.segment],
    }),
    foreignKey({
      name: "evaluations_of_a_version",
      columns: [table.model, table.version],
      foreignColumns: [modelVersions.model, modelVersions.version],
    }),
  ],
);

export const releases = pgTable(
  "releases",
  {
    releaseCounter: integer("release_counter").primaryKey(),
    model: text("model").notNull(),
    version: integer("version").notNull(),
    /** The rollout that made it; null for a release of the whole fleet. */
    rolloutId: text("rollout_id"),
    /** What every device without a rollout runs is the newest of these. */
    isFleetWide: boolean("is_fleet_wide").notNull().default(true),
    releasedAtMs: milliseconds("released_at_ms").notNull(),
  },
  (table) => [
    foreignKey({
      name: "releases_of_a_version",
      columns: [table.model, table.version],
      foreignColumns: [modelVersions.model, modelVersions.version],
    }),
  ],
);

export const devices = pgTable("devices", {
  deviceId: text("device_id").primaryKey(),
  publicKey: text("public_key").notNull(),
  enrolledAtMs: milliseconds("enrolled_at_ms").notNull(),
  lastSeenAtMs: milliseconds("last_seen_at_ms").notNull(),
  presence: text("presence").notNull(),
  session: amount("session").notNull(),
  runtimeVersion: text("runtime_version").notNull(),
  engine: text("engine").notNull(),
  platform: text("platform").notNull(),
  serving: jsonb("serving").notNull(),
  /** What the app says of the device. */
  attributes: jsonb("attributes").notNull().default({}),
  /** Why it believes nothing new, as it said last. */
  untrusting: text("untrusting"),
  /** What operators call it. */
  tags: jsonb("tags").notNull().default([]),
  /** When it was taken out of the fleet for good; its record stays. */
  decommissionedAtMs: milliseconds("decommissioned_at_ms"),
  /** Timestamp of the newest token request that was accepted; an older one is a replay. */
  tokenTimestampMs: milliseconds("token_timestamp_ms").notNull(),
});
