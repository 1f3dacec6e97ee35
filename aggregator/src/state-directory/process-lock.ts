import { FedgeError } from "@fedge/protocol";
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { decodeLockOwner, isOwnerAlive, ownerOfThisProcess, type LockOwner } from "./lock-owner.js";

export interface ProcessLock {
  /** Gives the lock up. Idempotent. */
  release(): void;
}

/** Attempts to take a lock whose owner died; more means that others keep taking it first. */
const ATTEMPTS = 5;

/**
 * Takes the lock file for this process. It names its owner, so the lock of a killed process is taken over.
 *
 * The file appears with its content in one step (a hard link), and a stale one is moved aside and looked at again
 * before it is discarded: between reading it and moving it, another process may have put its own there.
 *
 * Throws STATE_DIRECTORY_LOCKED naming the owner's process id; file system errors pass. Needs a local file system,
 * and processes that see each other (one host, one container).
 */
export function takeProcessLock(path: string): ProcessLock {
  const content = JSON.stringify(ownerOfThisProcess());
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (publishLock(path, content)) return lockOf(path, content);
    const found = readLock(path);
    if (found === undefined) continue;
    const owner = decodeLockOwner(found);
    if (owner !== undefined && isOwnerAlive(owner)) throw locked(path, owner);
    discardStale(path, found);
  }
  throw locked(path, undefined);
}

function lockOf(path: string, content: string): ProcessLock {
  let isHeld = true;
  return {
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      if (readLock(path) === content) rmSync(path, { force: true });
    },
  };
}

/** False when a lock file is there already. */
function publishLock(path: string, content: string): boolean {
  const temporary = `${path}.${randomUUID()}`;
  writeFileSync(temporary, content, { flag: "wx", mode: 0o600 });
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (isSystemError(error, "EEXIST")) return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
}

function readLock(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}

function discardStale(path: string, stale: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return;
    throw error;
  }
  // Not what was judged stale: it is the lock of a process that was faster, and goes back.
  if (readFileSync(aside, "utf8") !== stale) publishLock(path, readFileSync(aside, "utf8"));
  unlinkSync(aside);
}

function locked(path: string, owner: LockOwner | undefined): FedgeError {
  const who = owner === undefined ? "another process" : `process ${owner.pid}`;
  return new FedgeError(
    "STATE_DIRECTORY_LOCKED",
    `${who} holds ${path}: an aggregator already runs on this state directory. Stop it, or use another --state.`,
    { details: owner === undefined ? {} : { pid: owner.pid } },
  );
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
