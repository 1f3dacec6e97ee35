import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The operating system may still be ending a write when everything is closed. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 } as const;

export interface TemporaryDirectory {
  readonly path: string;
  /** With all that is in it; idempotent. */
  remove(): Promise<void>;
}

/** Makes a directory of its own in the system's place for temporary files. */
export async function makeTemporaryDirectory(prefix: string): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  return { path, remove: () => rm(path, REMOVAL) };
}
