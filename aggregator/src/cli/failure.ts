import { hasErrorCode, toWireError } from "@fedge/protocol";
import type { Terminal } from "./terminal.js";
import { printable } from "./text.js";

/** Says what went wrong, once for people and with `--json` once for programs, and marks the process as failed. */
export function reportFailure(error: unknown, terminal: Terminal): void {
  const wire = toWireError(error);
  terminal.err(`fedge: ${printable(wire.message).replace(/\.?$/, ".")}\n`);
  for (const field of faultyFields(wire.details)) terminal.err(`  ${field}\n`);
  if (!hasErrorCode(error) && error instanceof Error && error.stack !== undefined) {
    terminal.err(`${error.stack}\n`);
  }
  // A missed target is a result, which is printed already.
  if (terminal.isJson && wire.code !== "TARGET_MISSED") terminal.out(`${JSON.stringify({ error: wire })}\n`);
  terminal.fail();
}

/** The other fields at fault, when the message could name only the first. */
function faultyFields(details: Readonly<Record<string, unknown>>): string[] {
  const fields = details["fields"];
  if (!Array.isArray(fields) || fields.length < 2) return [];
  return fields.map((field: { path?: unknown; message?: unknown }) => `${field.path}: ${field.message}`);
}
