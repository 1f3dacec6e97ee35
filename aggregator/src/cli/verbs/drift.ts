import type { Command } from "commander";
import { addDriftRehearse } from "../drift/drift-rehearse.js";
import { addDriftTest } from "../drift/drift-test.js";
import { addProfileCommands } from "../profile/profile-commands.js";
import type { Terminal } from "../terminal.js";
import { addDriftFleet } from "./drift-fleet.js";

/** `fedge drift status|fleet|alerts|test|profile|rehearse`. */
export function addDrift(program: Command, terminal: Terminal): void {
  const drift = program
    .command("drift")
    .description(
      "what devices say of the models' inputs, alerts of it, samples tested by hand, reference profiles",
    );
  addDriftFleet(drift, terminal);
  addDriftTest(drift, terminal);
  addDriftRehearse(drift, terminal);
  addProfileCommands(drift, terminal);
}
