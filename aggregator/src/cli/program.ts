import { readFileSync } from "node:fs";
import { Command } from "commander";
import type { Terminal } from "./terminal.js";

/** The bare `fedge` command; verbs are added to it and inherit how it talks. */
export function createProgram(terminal: Terminal): Command {
  return new Command("fedge")
    .description("Federated learning and model delivery for JavaScript devices")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      // Failures are reported in one place, in one form.
      outputError: () => undefined,
      getOutHelpWidth: () => terminal.width,
      getErrHelpWidth: () => terminal.width,
    })
    .showSuggestionAfterError(true)
    .addHelpText(
      "after",
      "\nEvery command takes --json: one JSON object or array as the last line of stdout.\nTry `fedge start` first.",
    );
}

/** Version of the aggregator package. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
