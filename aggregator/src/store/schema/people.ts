import { bigint, index, pgTable, text } from "drizzle-orm/pg-core";

const milliseconds = (name: string) => bigint(name, { mode: "number" });

export const accounts = pgTable("accounts", {
  name: text("name").primaryKey(),
  role: text("role").notNull(),
  /** What scrypt made of the password, with its parameters. */
  passwordHash: text("password_hash").notNull(),
  createdAtMs: milliseconds("created_at_ms").notNull(),
  disabledAtMs: milliseconds("disabled_at_ms"),
});

/** Secrets are kept as SHA-256: whoever reads the database cannot sign in with what he read. */
export const sessions = pgTable(
  "sessions",
  {
    secretSha256: text("secret_sha256").primaryKey(),
    account: text("account")
      .notNull()
      .references(() => accounts.name),
    createdAtMs: milliseconds("created_at_ms").notNull(),
    lastUsedAtMs: milliseconds("last_used_at_ms").notNull(),
  },
  (table) => [index("sessions_of_an_account").on(table.account)],
);

export const apiTokens = pgTable(
  "api_tokens",
  {
    tokenId: text("token_id").primaryKey(),
    secretSha256: text("secret_sha256").notNull().unique("api_tokens_secret_once"),
    name: text("name").notNull(),
    role: text("role").notNull(),
    /** Null for one that the holder of the machine's own token made. */
    account: text("account").references(() => accounts.name),
    createdAtMs: milliseconds("created_at_ms").notNull(),
    expiresAtMs: milliseconds("expires_at_ms"),
    lastUsedAtMs: milliseconds("last_used_at_ms"),
    revokedAtMs: milliseconds("revoked_at_ms"),
  },
  (table) => [index("api_tokens_of_an_account").on(table.account)],
);

export const invitations = pgTable("invitations", {
  codeSha256: text("code_sha256").primaryKey(),
  role: text("role").notNull(),
  /** The account that it makes; the one who accepts chooses when null. */
  name: text("name"),
  createdBy: text("created_by").notNull(),
  createdAtMs: milliseconds("created_at_ms").notNull(),
  expiresAtMs: milliseconds("expires_at_ms").notNull(),
  acceptedAtMs: milliseconds("accepted_at_ms"),
});

export const passwordResets = pgTable("password_resets", {
  /** An account has at most one link: a later one replaces it. */
  account: text("account")
    .primaryKey()
    .references(() => accounts.name),
  codeSha256: text("code_sha256").notNull().unique("password_resets_code_once"),
  createdBy: text("created_by").notNull(),
  createdAtMs: milliseconds("created_at_ms").notNull(),
  expiresAtMs: milliseconds("expires_at_ms").notNull(),
});
