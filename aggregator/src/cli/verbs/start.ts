import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { FedgeError, toWireError } from "@fedge/protocol";
import { Option, type Command } from "commander";
import { startServer } from "../../server.js";
import { wholeNumber } from "../flag-values.js";
import { sampleDigits } from "../samples/digits.js";
import { sampleKeyboard } from "../samples/keyboard.js";
import { SampleFleet } from "../samples/sample-fleet.js";
import { addServeFlags, type ServeFlags } from "../serve-options.js";
import type { Terminal } from "../terminal.js";
import { closeAtSignal } from "../until-signal.js";
import { printUrls, serverOptionsOf } from "./serve.js";

const SAMPLES = { keyboard: sampleKeyboard, digits: sampleDigits } as const;

type StartFlags = ServeFlags & { readonly devices: number; readonly sample: keyof typeof SAMPLES };
/** Where the keyboard page is served. */
const KEYBOARD_PATH = "/keyboard/";

/** `fedge start`: an aggregator and a small simulated fleet that learns to type, or digits, until Ctrl-C. */
export function addStart(program: Command, terminal: Terminal): void {
  addServeFlags(
    program.command("start").description("run an aggregator with a small simulated fleet, until Ctrl-C"),
  )
    .option("--devices <count>", "simulated devices", wholeNumber({ least: 1, most: 500 }), 14)
    .addOption(
      new Option("--sample <kind>", "what the fleet learns")
        .choices(Object.keys(SAMPLES))
        .default("keyboard"),
    )
    .action((flags: StartFlags) => start(flags, terminal));
}

async function start(flags: StartFlags, terminal: Terminal): Promise<void> {
  if (flags.enrolmentKey !== undefined) {
    throw new FedgeError(
      "OPTION_INVALID",
      "the sample devices have no enrolment key; use `fedge serve` with --enrolment-key",
    );
  }
  const sample = new SampleFleet(await SAMPLES[flags.sample](flags.devices), {
    onError: (error) => terminal.err(`fedge: the sample does not go on: ${toWireError(error).message}\n`),
  });
  const keyboard = flags.sample === "keyboard" ? keyboardPage() : null;
  const server = await startServer({
    ...serverOptionsOf(flags),
    evaluationData: sample.evaluationData,
    appPages: keyboard === null ? [] : [{ path: KEYBOARD_PATH, directory: keyboard }],
  });
  const close = async (): Promise<void> => {
    await sample.close();
    await server.close();
  };
  try {
    await sample.start(server, () => Date.now());
    printUrls(server, flags, terminal);
    if (keyboard !== null) terminal.err(`fedge: type at ${server.httpUrl}${KEYBOARD_PATH}\n`);
    terminal.err(`fedge: ${flags.devices} simulated devices join; the page shows their rounds.\n`);
    await Promise.race([closeAtSignal({ close }, terminal), sample.failed]);
  } finally {
    await close();
  }
}

/** Absent in a checkout whose page was not built; everything else works without it. */
function keyboardPage(): string | null {
  const index = fileURLToPath(import.meta.resolve("@fedge/browser-demo/page"));
  return existsSync(index) ? dirname(index) : null;
}
