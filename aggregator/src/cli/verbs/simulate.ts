import type { Command } from "commander";
import { simulateCommand } from "../../simulation/command.js";

/** `fedge simulate`. */
export function addSimulate(program: Command): void {
  program.addCommand(simulateCommand().copyInheritedSettings(program));
}
