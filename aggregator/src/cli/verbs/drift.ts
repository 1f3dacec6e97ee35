import type { Command } from "commander";
import { addDriftTest } from "../drift/drift-test.js";
import type { Terminal } from "../terminal.js";
import { addDriftFleet } from "./drift-fleet.js";

/** `fedge drift status|fleet|alerts|test`. */
export function addDrift(program: Command, terminal: Terminal): void {
  const drift = program
    .command("drift")
    .description("what devices say of the models' inputs, alerts of it, and samples tested by hand");
  addDriftFleet(drift, terminal);
  addDriftTest(drift, terminal);
}
