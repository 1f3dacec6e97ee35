import { parentPort, workerData } from "node:worker_threads";

/** How often the process is measured: native code fills some 100 MB in this time. */
const INTERVAL_MS = 20;

/**
 * Ends the process once it holds more memory than it may. A thread of its own, because a graph under way leaves the
 * main thread no turn; SIGKILL, because that is how the system ends a process for the same reason.
 */
const { maxMemoryBytes } = workerData as { readonly maxMemoryBytes: number };
setInterval(() => {
  if (process.memoryUsage.rss() > maxMemoryBytes) process.kill(process.pid, "SIGKILL");
}, INTERVAL_MS);
parentPort?.postMessage("ready");
