import { availableParallelism } from "node:os";
import { FedgeError } from "@fedge/protocol";
import { printResult, type Terminal } from "./terminal.js";

/** How a rehearsal tells its story, and how it is interrupted. */
export interface Telling {
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Threads for so many devices. */
export function workersFor(numDevices: number): number {
  return Math.min(numDevices, availableParallelism());
}

/**
 * Runs a rehearsal with its story printed line by line, with times, and its result in the end. Ctrl-C ends it. Throws TARGET_MISSED
 * with what did not go as it must.
 */
export async function toldRehearsal<R extends { readonly problems: readonly string[] }>(
  terminal: Terminal,
  rehearse: (telling: Telling) => Promise<R>,
  endText: (result: R) => string,
): Promise<void> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  const startedAtMs = performance.now();
  const tell = (line: string): void => {
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    if (!terminal.isJson) terminal.out(`${seconds.padStart(6)} s  ${line}\n`);
  };
  try {
    const result = await rehearse({ tell, signal: ending.signal });
    printResult(terminal, result, () => endText(result));
    if (result.problems.length > 0) throw new FedgeError("TARGET_MISSED", result.problems.join("; "));
  } finally {
    process.off("SIGINT", end);
    process.off("SIGTERM", end);
  }
}
