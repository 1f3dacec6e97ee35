import type { Terminal } from "./terminal.js";

export interface Running {
  close(): Promise<void>;
}

/** How long a clean stop may take before the process ends anyway. */
const STOP_MS = 20_000;

/**
 * Resolves when SIGINT or SIGTERM has come and everything is closed. A second signal, or a stop that takes too long,
 * ends the process with exit code 1.
 */
export async function closeAtSignal(running: Running, terminal: Terminal): Promise<void> {
  const signal = await nextSignal();
  terminal.err(`fedge: ${signal}: stopping; press Ctrl-C again to stop at once.\n`);
  const force = (): void => process.exit(1);
  process.once("SIGINT", force);
  process.once("SIGTERM", force);
  const overdue = setTimeout(() => {
    terminal.err(`fedge: the stop took longer than ${STOP_MS / 1000} s.\n`);
    force();
  }, STOP_MS);
  try {
    await running.close();
  } finally {
    clearTimeout(overdue);
    process.off("SIGINT", force);
    process.off("SIGTERM", force);
  }
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      clearInterval(alive);
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
      resolve(signal);
    };
    // Signal handlers alone do not keep a process alive.
    const alive = setInterval(() => undefined, 2 ** 30);
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
  });
}
