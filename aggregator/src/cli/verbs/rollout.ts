import type { Command } from "commander";
import { addRolloutCommands } from "../rollout/rollout-commands.js";
import { addRolloutPlans } from "../rollout/rollout-plans.js";
import { addRolloutRehearse } from "../rollout/rollout-rehearse.js";
import { addRolloutReads } from "../rollout/rollout-reads.js";
import { addRolloutWatch } from "../rollout/rollout-watch.js";
import type { Terminal } from "../terminal.js";

/** `fedge rollout create|edit|preview|list|show|watch|targets|history|approve|deny|start|…|delete|rehearse`. */
export function addRollout(program: Command, terminal: Terminal): void {
  const rollout = program
    .command("rollout")
    .description("bring versions to the fleet in waves, and watch them");
  addRolloutPlans(rollout, terminal);
  addRolloutReads(rollout, terminal);
  addRolloutWatch(rollout, terminal);
  addRolloutCommands(rollout, terminal);
  addRolloutRehearse(rollout, terminal);
}
