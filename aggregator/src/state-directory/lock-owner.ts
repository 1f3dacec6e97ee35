import { nonNegativeInt, positiveInt } from "@fedge/protocol";
import { readFileSync } from "node:fs";
import * as z from "zod/mini";

/**
 * A process, told apart from a later one with the same id: Linux counts the clock ticks from boot to its start, and
 * names each boot. Zero and empty where the system does not say.
 */
const lockOwner = z.object({ pid: positiveInt, startTicks: nonNegativeInt, bootId: z.string() });
export type LockOwner = z.infer<typeof lockOwner>;

export function ownerOfThisProcess(): LockOwner {
  return ownerOf(process.pid);
}

/** The owner that a lock file names; undefined for a file that a crash left empty or that is not ours. */
export function decodeLockOwner(text: string): LockOwner | undefined {
  try {
    return z.safeParse(lockOwner, JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** True while the very process that wrote the lock runs. */
export function isOwnerAlive(owner: LockOwner): boolean {
  if (!isRunning(owner.pid)) return false;
  const now = ownerOf(owner.pid);
  // Where the system tells neither, a process with this id counts as the owner: rather refuse than share.
  return now.bootId === owner.bootId && now.startTicks === owner.startTicks;
}

function ownerOf(pid: number): LockOwner {
  return {
    pid,
    startTicks: startTicksOf(pid),
    bootId: readOrEmpty("/proc/sys/kernel/random/boot_id").trim(),
  };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, under another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Field 22 of /proc/[pid]/stat (proc_pid_stat(5)); the process name before it may hold spaces and parentheses. */
function startTicksOf(pid: number): number {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(afterName[19]);
  return Number.isSafeInteger(ticks) ? ticks : 0;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
