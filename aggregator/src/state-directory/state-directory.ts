import { FedgeError, type SecureRandom } from "@fedge/protocol";
import { join, resolve } from "node:path";
import { makeDirectory } from "./make-directory.js";
import { takeProcessLock, type ProcessLock } from "./process-lock.js";
import { openSecretFile } from "./secret-file.js";

export interface StatePaths {
  readonly directory: string;
  /** For `openEmbeddedStore`, which makes it. */
  readonly database: string;
  readonly blobs: string;
  /** Snapshots of running sums. */
  readonly folds: string;
  /** Signing keys and signed metadata. */
  readonly signing: string;
  /** Where a person finds the administrator's token. */
  readonly adminTokenFile: string;
  /** Names the last audit entry, outside of the database. */
  readonly auditAnchorFile: string;
}

export interface StateDirectory {
  readonly paths: StatePaths;
  /** Signs device tokens; 32 bytes. */
  readonly tokenSecret: Uint8Array;
  readonly adminToken: string;
  /** Lets another process use the directory; called after everything in it is closed. Idempotent. */
  close(): void;
}

/**
 * Takes the directory for this process, makes what is missing in it (mode 0700, secrets 0600), and reads its secrets.
 *
 * Throws STATE_DIRECTORY_LOCKED while another process has it, STATE_DIRECTORY_UNUSABLE when it cannot be written.
 */
export async function openStateDirectory(options: {
  readonly directory: string;
  readonly random: SecureRandom;
}): Promise<StateDirectory> {
  const paths = pathsIn(resolve(options.directory));
  let lock: ProcessLock | undefined;
  try {
    await makeDirectory(paths.directory);
    lock = takeProcessLock(join(paths.directory, "lock"));
    await makeDirectory(paths.folds);
    await makeDirectory(paths.blobs);
    const tokenSecret = await openSecretFile(join(paths.directory, "token-secret"), options.random);
    const adminToken = await openSecretFile(paths.adminTokenFile, options.random);
    const { release } = lock;
    return { paths, tokenSecret: Buffer.from(tokenSecret, "base64url"), adminToken, close: release };
  } catch (cause) {
    lock?.release();
    throw cause instanceof FedgeError ? cause : unusable(paths.directory, cause);
  }
}

function pathsIn(directory: string): StatePaths {
  return {
    directory,
    database: join(directory, "database"),
    blobs: join(directory, "blobs"),
    folds: join(directory, "folds"),
    signing: join(directory, "signing"),
    adminTokenFile: join(directory, "admin-token"),
    auditAnchorFile: join(directory, "audit-head"),
  };
}

function unusable(directory: string, cause: unknown): FedgeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FedgeError(
    "STATE_DIRECTORY_UNUSABLE",
    `cannot use the state directory ${directory}: ${reason}. Make it writable for this user, or use another --state.`,
    { cause },
  );
}
