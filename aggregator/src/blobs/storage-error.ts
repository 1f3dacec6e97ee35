import { FedgeError } from "@fedge/protocol";

const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

/** STORAGE_FULL or STORAGE_FAILED for what the file system said. */
export function storageError(what: string, cause: unknown): FedgeError {
  const code = systemCodeOf(cause);
  if (code !== undefined && FULL.has(code)) {
    return new FedgeError(
      "STORAGE_FULL",
      `${what}: the disk is full (${code}); free some space and try again`,
      {
        cause,
      },
    );
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FedgeError(
    "STORAGE_FAILED",
    `${what}: ${reason}; check that the directory exists and is writable`,
    {
      cause,
    },
  );
}

/** `ENOENT` and its like; undefined for an error that the operating system did not make. */
export function systemCodeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
