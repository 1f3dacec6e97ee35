import { createReadStream } from "node:fs";
import { FedgeError } from "@fedge/protocol";
import type { Terminal } from "../terminal.js";
import { boundedLines } from "./bounded-lines.js";
import { caseResult, unreadable } from "./case-result.js";

/** Longest line; a case with samples of a million values has about 20 MB. */
export const MOST_LINE_BYTES = 64 * 2 ** 20;

/**
 * Prints one line of JSON for each case of a file, in its order, holding one case at a time. What is wrong with a line is the reason in its
 * result. Throws DATA_MISSING when the file cannot be read.
 */
export async function runCases(path: string, terminal: Terminal): Promise<void> {
  try {
    for await (const line of boundedLines(createReadStream(path), MOST_LINE_BYTES)) {
      const { number } = line;
      const result =
        line.text === undefined
          ? unreadable(number, line.fault, MOST_LINE_BYTES)
          : caseResult(line.text, number);
      terminal.out(`${JSON.stringify(result)}\n`);
      await terminal.drained?.();
    }
  } catch (cause) {
    throw new FedgeError(
      "DATA_MISSING",
      `cannot read the cases in ${path} (${(cause as Error).message}); name a file with one JSON object a line`,
      { cause, details: { path } },
    );
  }
}
