import {
  bigint,
  bigserial,
  foreignKey,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
} from "drizzle-orm/pg-core";
import { modelVersions } from "../schema.js";

const milliseconds = (name: string) => bigint(name, { mode: "number" });

/** Where each name of a model points; names move, versions do not. */
export const modelAliases = pgTable(
  "model_aliases",
  {
    model: text("model").notNull(),
    alias: text("alias").notNull(),
    version: integer("version").notNull(),
    movedAtMs: milliseconds("moved_at_ms").notNull(),
  },
  (table) => [
    primaryKey({ name: "model_aliases_once_per_model", columns: [table.model, table.alias] }),
    foreignKey({
      name: "model_aliases_of_a_version",
      columns: [table.model, table.version],
      foreignColumns: [modelVersions.model, modelVersions.version],
    }),
  ],
);

/** Every move of an alias; rows are only ever added. */
export const modelAliasMoves = pgTable("model_alias_moves", {
  position: bigserial("position", { mode: "number" }).primaryKey(),
  model: text("model").notNull(),
  alias: text("alias").notNull(),
  fromVersion: integer("from_version"),
  /** Null when the alias was taken away. */
  toVersion: integer("to_version"),
  actor: text("actor").notNull(),
  reason: text("reason").notNull(),
  atMs: milliseconds("at_ms").notNull(),
});

export const versionTags = pgTable(
  "version_tags",
  {
    model: text("model").notNull(),
    version: integer("version").notNull(),
    tag: text("tag").notNull(),
  },
  (table) => [
    primaryKey({ name: "version_tags_once_per_version", columns: [table.model, table.version, table.tag] }),
    foreignKey({
      name: "version_tags_of_a_version",
      columns: [table.model, table.version],
      foreignColumns: [modelVersions.model, modelVersions.version],
    }),
  ],
);

/** What people and rollouts said of a version: notes, its purpose, its risk class, approvals. Only ever added. */
export const versionStatements = pgTable(
  "version_statements",
  {
    position: bigserial("position", { mode: "number" }).primaryKey(),
    model: text("model").notNull(),
    version: integer("version").notNull(),
    actor: text("actor").notNull(),
    statement: jsonb("statement").notNull(),
    atMs: milliseconds("at_ms").notNull(),
  },
  (table) => [
    foreignKey({
      name: "version_statements_of_a_version",
      columns: [table.model, table.version],
      foreignColumns: [modelVersions.model, modelVersions.version],
    }),
  ],
);

/** Model cards, newest revision last; each is a blob of its own. */
export const modelCards = pgTable(
  "model_cards",
  {
    model: text("model").notNull(),
    version: integer("version").notNull(),
    revision: integer("revision").notNull(),
    card: jsonb("card").notNull(),
    atMs: milliseconds("at_ms").notNull(),
  },
  (table) => [
    primaryKey({
      name: "model_cards_revision_once",
      columns: [table.model, table.version, table.revision],
    }),
    foreignKey({
      name: "model_cards_of_a_version",
      columns: [table.model, table.version],
      foreignColumns: [modelVersions.model, modelVersions.version],
    }),
  ],
);
