import type { Command } from "commander";
import { rolloutDeleted, rolloutView } from "../../http/schema/rollout-schema.js";
import type { RolloutCommand } from "../../rollouts/rollout-view.js";
import { wholeNumber } from "../flag-values.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { printResult, type Terminal } from "../terminal.js";
import { rolloutPath } from "./rollout-path.js";
import { stateText } from "./rollout-picture.js";

interface Named {
  readonly name: string;
  readonly command: RolloutCommand;
  readonly description: string;
}

const COMMANDS: readonly Named[] = [
  { name: "approve", command: "approve", description: "approve a rollout of somebody else" },
  { name: "deny", command: "deny", description: "deny a rollout; it never starts" },
  { name: "start", command: "start", description: "start it, at once or at its time" },
  { name: "pause", command: "pause", description: "tell no further device; what has begun goes on" },
  { name: "resume", command: "resume", description: "go on where it was paused" },
  { name: "promote", command: "promote", description: "pass the wave that waits for a person" },
  { name: "retry", command: "retry-failed", description: "give every device that failed another attempt" },
  { name: "abort", command: "abort", description: "end it; no further device gets the version" },
  {
    name: "rollback",
    command: "rollback",
    description: "bring every device that was told back to the version before",
  },
];

interface CommandFlags extends ServerFlags {
  readonly reason?: string;
  readonly revision?: number;
}

/** `fedge rollout approve|deny|start|pause|resume|promote|retry|abort|rollback|delete`. */
export function addRolloutCommands(rollout: Command, terminal: Terminal): void {
  for (const command of COMMANDS) addCommand(rollout, terminal, command);
  addServerFlags(
    rollout.command("delete").description("delete it; one that had started is hidden and keeps its history"),
  )
    .argument("<rollout>", "id of the rollout")
    .action(async (rolloutId: string, flags: ServerFlags) => {
      const deleted = await clientOf(flags).delete(rolloutPath(rolloutId), rolloutDeleted);
      printResult(terminal, deleted, () => `rollout ${deleted.rolloutId} is deleted`);
    });
}

function addCommand(rollout: Command, terminal: Terminal, { name, command, description }: Named): void {
  addServerFlags(rollout.command(name).description(description))
    .argument("<rollout>", "id of the rollout")
    .option("--reason <text>", "why, for its history and the audit")
    .option(
      "--revision <number>",
      "only if it is still as it was then, so that nobody's change is overlooked",
      wholeNumber({ least: 0 }),
    )
    .action(async (rolloutId: string, { reason, revision, ...flags }: CommandFlags) => {
      const body = {
        reason: reason ?? `fedge rollout ${name}`,
        ...(revision === undefined ? {} : { revision }),
      };
      const view = await clientOf(flags).post(`${rolloutPath(rolloutId)}/${command}`, rolloutView, body);
      printResult(terminal, view, () => `rollout ${view.rolloutId} is ${stateText(view)}`);
    });
}
