import { FedgeError } from "@fedge/protocol";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { MIGRATIONS_URL } from "./database.js";
import { databaseFailed, rootCause } from "./database-errors.js";
import { drizzleStore, type DatabaseStore } from "./drizzle-store.js";

const CONNECT_TIMEOUT_MS = 10_000;
/** Held while migrating, so that aggregators that start together do not run a migration twice. */
const MIGRATION_LOCK = 0x66656467;

/**
 * The control store in a PostgreSQL server, for durability against power loss and for more than one aggregator.
 *
 * `url` is `postgresql://user@host:port/database`. Throws DATABASE_FAILED when the server cannot be reached or a
 * migration fails. The password in the url appears in no message.
 */
export async function openPostgresStore(options: {
  readonly url: string;
  readonly maxConnections?: number;
  /** Told about connections that broke while idle; the pool replaces them. */
  readonly onConnectionLost?: (error: Error) => void;
}): Promise<DatabaseStore> {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // Without a listener, a server restart would end this process.
  pool.on("error", (error) => options.onConnectionLost?.(error));
  try {
    await migrateOnce(pool);
  } catch (cause) {
    await pool.end();
    throw cannotOpen(options.url, cause);
  }
  return drizzleStore(drizzle(pool), () => pool.end());
}

async function migrateOnce(pool: pg.Pool): Promise<void> {
  const connection = await pool.connect();
  try {
    await connection.query("select pg_advisory_lock($1)", [MIGRATION_LOCK]);
    await migrate(drizzle(connection), { migrationsFolder: fileURLToPath(MIGRATIONS_URL) });
    await connection.query("select pg_advisory_unlock($1)", [MIGRATION_LOCK]);
    connection.release();
  } catch (error) {
    connection.release(true);
    throw error;
  }
}

function cannotOpen(url: string, cause: unknown): FedgeError {
  const failed = databaseFailed(`cannot open PostgreSQL at ${placeOf(url)}`, rootCause(cause));
  return new FedgeError("DATABASE_FAILED", failed.message, { cause });
}

/** Host, port and database of a connection url: what a message may show. */
function placeOf(url: string): string {
  if (!URL.canParse(url))
    return "the given url (it does not parse; expected postgresql://user@host:port/database)";
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
