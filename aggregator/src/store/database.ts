import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";

/** What the queries need of either driver; a transaction is one too. */
export type Database = PgDatabase<PgQueryResultHKT>;

/** Built by `drizzle-kit generate` from `schema.ts`; the same files for the embedded and the external database. */
export const MIGRATIONS_URL = new URL("../../migrations", import.meta.url);

/** Rows of a page request; without one, all. */
export const NO_PAGE = { limit: Number.MAX_SAFE_INTEGER, offset: 0 } as const;
