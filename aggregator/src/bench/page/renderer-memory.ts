import { readFileSync, readdirSync } from "node:fs";

/** Resident bytes of the browser's page processes below this one; null where there is no /proc (proc(5)). */
export function rendererBytes(): number | null {
  try {
    const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    const parents = new Map(processes.map((pid) => [pid, parentOf(pid)]));
    const isOurs = (pid: string): boolean => {
      for (let at: string | undefined = pid; at !== undefined && at !== "0"; at = parents.get(at))
        if (at === String(process.pid)) return true;
      return false;
    };
    const renderers = processes.filter(
      (pid) => isOurs(pid) && read(pid, "cmdline").includes("--type=renderer"),
    );
    return renderers.reduce((sum, pid) => sum + residentBytes(pid), 0);
  } catch {
    return null;
  }
}

function parentOf(pid: string): string | undefined {
  return /^PPid:\s+(\d+)/m.exec(read(pid, "status"))?.[1];
}

function residentBytes(pid: string): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(read(pid, "status"))?.[1] ?? 0) * 1024;
}

/** Nothing for a process that has ended meanwhile. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
