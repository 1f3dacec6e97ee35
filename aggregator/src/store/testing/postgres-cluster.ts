import { execFile } from "node:child_process";
import { chmod, chown, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const INSTALLATIONS = "/usr/lib/postgresql";

export interface PostgresCluster {
  /** Over a Unix socket in a directory of its own: no port is taken. */
  readonly url: string;
  /** Runs SQL as the superuser. */
  sql(statement: string): Promise<void>;
  close(): Promise<void>;
}

/** Where initdb and pg_ctl of the newest installed PostgreSQL are; or why there is no cluster to test with. */
export async function findPostgres(): Promise<{ readonly bin: string } | { readonly missing: string }> {
  const versions = (await readdir(INSTALLATIONS).catch(() => [])).map(Number).filter(Number.isInteger);
  if (versions.length === 0)
    return { missing: `no PostgreSQL in ${INSTALLATIONS}; install the package postgresql` };
  const bin = join(INSTALLATIONS, String(Math.max(...versions)), "bin");
  if (process.getuid?.() !== 0) return { bin };
  try {
    await run("runuser", ["-u", "postgres", "--", "true"]);
    return { bin };
  } catch {
    return { missing: "PostgreSQL refuses to run as root, and there is no user postgres to run it as" };
  }
}

/** A private PostgreSQL in a temporary directory, as user `postgres` when this process is root. */
export async function startPostgres(bin: string): Promise<PostgresCluster> {
  const directory = await mkdtemp(join(tmpdir(), "fedge-postgres-"));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    const ids = await Promise.all(
      ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, "postgres"])).stdout)),
    );
    await chown(directory, ids[0] ?? 0, ids[1] ?? 0);
  }
  await chmod(directory, 0o755);
  const asPostgres = (program: string, args: readonly string[]) =>
    isRoot
      ? run("runuser", ["-u", "postgres", "--", join(bin, program), ...args], { cwd: directory })
      : run(join(bin, program), [...args], { cwd: directory });
  const data = join(directory, "data");
  await asPostgres("initdb", ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"]);
  const settings = `-c listen_addresses='' -c unix_socket_directories='${directory}'`;
  await asPostgres("pg_ctl", ["-D", data, "-w", "-o", settings, "-l", join(directory, "log"), "start"]);
  return {
    url: `postgresql://postgres@/postgres?host=${encodeURIComponent(directory)}`,
    sql: async (statement) => {
      await asPostgres("psql", ["-h", directory, "-U", "postgres", "-c", statement]);
    },
    close: async () => {
      await asPostgres("pg_ctl", ["-D", data, "-w", "-m", "immediate", "stop"]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
