import type { Command } from "commander";
import { CommanderError } from "commander";
import { FedgeError } from "@fedge/protocol";
import { createProgram } from "./program.js";
import { reportFailure } from "./failure.js";
import { processTerminal, type Terminal } from "./terminal.js";
import { VERBS, type Verb } from "./verbs.js";

/**
 * Runs one command and resolves when it has ended. Sets the process's exit code: 0 only on success.
 * Never rejects; a failure is one sentence on stderr, and with `--json` also one object on stdout.
 */
export async function main(argv: readonly string[], terminal: Terminal = processTerminal()): Promise<void> {
  try {
    const program = createProgram(terminal);
    const named = VERBS.find((verb) => verb.name === verbOf(argv));
    for (const verb of VERBS) await addVerb(program, verb, verb === named, terminal);
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (isAnswer(error)) return;
    reportFailure(asFedgeError(error, argv), terminal);
  }
}

/** Only the verb that was named is loaded, so that help and typos are answered at once. */
async function addVerb(program: Command, verb: Verb, isNamed: boolean, terminal: Terminal): Promise<void> {
  if (isNamed) return (await verb.load())(program, terminal);
  program.command(verb.name).summary(verb.summary).description(verb.summary);
}

function verbOf(argv: readonly string[]): string | undefined {
  const words = argv.filter((word) => !word.startsWith("-"));
  return words[0] === "help" ? words[1] : words[0];
}

/** True when commander has answered already: with help, or with the version. */
function isAnswer(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}

function asFedgeError(error: unknown, argv: readonly string[]): unknown {
  if (!(error instanceof CommanderError)) return error;
  const words = argv.filter((word) => /^[a-z][a-z-]*$/.test(word)).slice(0, 2);
  const known = VERBS.some((verb) => verb.name === words[0]) ? words.slice(0, 1) : [];
  const help = ["fedge", ...known, "--help"].join(" ");
  if (error.code === "commander.help") {
    return new FedgeError("OPTION_INVALID", `a command is missing; \`${help}\` lists what there is`);
  }
  const said = error.message
    .replace(/^error: /, "")
    .replaceAll("\n", " ")
    .trim()
    .replace(/\.$/, "");
  return new FedgeError("OPTION_INVALID", `${said}; \`${help}\` lists what there is`, {
    details: { reason: error.code },
  });
}
