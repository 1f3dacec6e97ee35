import type { Command } from "commander";
import { addDriftTest } from "../drift/drift-test.js";
import type { Terminal } from "../terminal.js";

/** `fedge drift test`. */
export function addDrift(program: Command, terminal: Terminal): void {
  const drift = program.command("drift").description("drift: test samples by hand");
  addDriftTest(drift, terminal);
}
