import type { Command } from "commander";
import { addProfileCommands } from "../profile/profile-commands.js";
import type { Terminal } from "../terminal.js";

/** `fedge profile`. */
export function addProfile(program: Command, terminal: Terminal): void {
  addProfileCommands(program, terminal);
}
