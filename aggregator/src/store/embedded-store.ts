import { PGlite } from "@electric-sql/pglite";
import { FedgeError } from "@fedge/protocol";
import { drizzle } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { makeDirectory } from "../state-directory/make-directory.js";
import { MIGRATIONS_URL } from "./database.js";
import { databaseFailed } from "./database-errors.js";
import { drizzleStore, type DatabaseStore } from "./drizzle-store.js";

/**
 * The control store in this process: PostgreSQL compiled to WebAssembly (PGlite).
 *
 * A commit has written its WAL record to the file before it resolves, so it survives the death of the process at
 * any point. PGlite runs with `fsync = off` and its file system has no fsync: a commit is in the operating system's
 * cache, and a power cut or kernel crash can lose the last seconds or damage the directory. Where that matters, use
 * `openPostgresStore`.
 *
 * `directory` is made when absent; `null` keeps everything in memory. One process at a time may hold it open: the
 * state directory's lock sees to that. Throws DATABASE_FAILED when the directory is not a usable database.
 */
export async function openEmbeddedStore(options: {
  readonly directory: string | null;
}): Promise<DatabaseStore> {
  const directory = options.directory === null ? null : resolve(options.directory);
  if (directory !== null && !existsSync(directory)) await makeDatabase(directory);
  const client = await openClient(directory ?? "memory://");
  const database = drizzle(client);
  try {
    await migrate(database, { migrationsFolder: fileURLToPath(MIGRATIONS_URL) });
  } catch (cause) {
    await client.close();
    throw databaseFailed(`cannot bring the database in ${directory ?? "memory"} up to date`, cause);
  }
  return drizzleStore(database, () => client.close());
}

/** Making a database takes seconds; a process that is killed meanwhile must not leave half of one behind. */
async function makeDatabase(directory: string): Promise<void> {
  const unfinished = `${directory}.unfinished`;
  try {
    await rm(unfinished, { recursive: true, force: true });
    await makeDirectory(dirname(directory));
  } catch (cause) {
    throw databaseFailed(`cannot make a database at ${directory}`, cause);
  }
  const client = await openClient(unfinished);
  await client.close();
  await rename(unfinished, directory);
}

async function openClient(dataDir: string): Promise<PGlite> {
  const said: string[] = [];
  const listen = (text: string): boolean => {
    if (said.length < 50) said.push(text.trim());
    return true;
  };
  try {
    return await PGlite.create({ dataDir, onStderr: listen, onStdout: listen });
  } catch (cause) {
    const reason =
      said.find((line) => /FATAL|PANIC/.test(line)) ?? (cause instanceof Error ? cause.message : "");
    throw new FedgeError(
      "DATABASE_FAILED",
      `cannot open the database in ${dataDir}: ${reason || "it is not a database directory"}. ` +
        "Restore the directory from a backup, or move it away to start with an empty database.",
      { cause, details: { directory: dataDir, log: said } },
    );
  }
}
