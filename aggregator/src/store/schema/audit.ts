import { bigint, integer, pgTable, text } from "drizzle-orm/pg-core";

/** Append-only: no query of the product changes or deletes a row. */
export const auditEntries = pgTable("audit_entries", {
  seq: integer("seq").primaryKey(),
  atMs: bigint("at_ms", { mode: "number" }).notNull(),
  actor: text("actor").notNull(),
  action: text("action").notNull(),
  subject: text("subject").notNull(),
  /** Canonical JSON, as text: exactly the bytes that were hashed. */
  details: text("details").notNull(),
  previousHash: text("previous_hash").notNull(),
  hash: text("hash").notNull(),
});
