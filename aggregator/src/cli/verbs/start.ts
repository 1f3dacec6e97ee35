import { FedgeError } from "@fedge/protocol";
import type { Command } from "commander";
import { startServer } from "../../server.js";
import { wholeNumber } from "../flag-values.js";
import { SampleFleet } from "../sample-fleet.js";
import { addServeFlags, type ServeFlags } from "../serve-options.js";
import type { Terminal } from "../terminal.js";
import { closeAtSignal } from "../until-signal.js";
import { printUrls, serverOptionsOf } from "./serve.js";

type StartFlags = ServeFlags & { readonly devices: number };

/** `fedge start`: an aggregator and a small simulated fleet that trains a model of digits, until Ctrl-C. */
export function addStart(program: Command, terminal: Terminal): void {
  addServeFlags(
    program.command("start").description("run an aggregator with a small simulated fleet, until Ctrl-C"),
  )
    .option("--devices <count>", "simulated devices", wholeNumber({ least: 1, most: 500 }), 12)
    .action((flags: StartFlags) => start(flags, terminal));
}

async function start(flags: StartFlags, terminal: Terminal): Promise<void> {
  if (flags.enrolmentKey !== undefined) {
    throw new FedgeError(
      "OPTION_INVALID",
      "the sample devices have no enrolment key; use `fedge serve` with --enrolment-key",
    );
  }
  const sample = new SampleFleet(flags.devices);
  const server = await startServer({ ...serverOptionsOf(flags), evaluationData: sample.evaluationData });
  const close = async (): Promise<void> => {
    await sample.close();
    await server.close();
  };
  try {
    await sample.start(server, Date.now());
    printUrls(server, flags, terminal);
    terminal.err(`fedge: ${flags.devices} simulated devices join; the page shows their rounds.\n`);
    await Promise.race([closeAtSignal({ close }, terminal), sample.failed]);
  } finally {
    await close();
  }
}
