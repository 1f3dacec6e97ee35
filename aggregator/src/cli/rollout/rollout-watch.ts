import { FedgeError } from "@fedge/protocol";
import { Option, type Command } from "commander";
import { rolloutView, type RolloutBody } from "../../http/schema/rollout-schema.js";
import { duration } from "../flag-values.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import type { Terminal } from "../terminal.js";
import { rolloutPath } from "./rollout-path.js";
import { stateText } from "./rollout-picture.js";
import { createDisplay } from "./watch-display.js";
import { pause, watchRollout } from "./watch.js";

interface WatchFlags extends ServerFlags {
  readonly interval: number;
}

const LEAST_INTERVAL_MS = 100;

/** `fedge rollout watch`: exit code 0 when it completes, 1 when it ends otherwise or somebody stops watching. */
export function addRolloutWatch(rollout: Command, terminal: Terminal): void {
  addServerFlags(rollout.command("watch").description("draw its waves and gates until it is at an end"))
    .argument("<rollout>", "id of the rollout")
    .addOption(
      new Option("--interval <duration>", "from one look to the next")
        .argParser(duration)
        .default(1000, "1s"),
    )
    .addHelpText("after", "\nExit code 0 when it completes; 1 when it is denied, aborted or rolled back.")
    .action((rolloutId: string, flags: WatchFlags) => watch(rolloutId, flags, terminal));
}

async function watch(rolloutId: string, flags: WatchFlags, terminal: Terminal): Promise<void> {
  const client = clientOf(flags);
  const display = createDisplay(terminal);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  try {
    const last = await watchRollout({
      read: () => client.get(rolloutPath(rolloutId), rolloutView),
      wait: () => pause(Math.max(LEAST_INTERVAL_MS, flags.interval), ending.signal),
      isEnded: () => ending.signal.aborted,
      show: display.show,
      lost: () => display.note("fedge: the aggregator does not answer; trying on.\n"),
    });
    report(last, terminal);
  } finally {
    process.off("SIGINT", end);
    process.off("SIGTERM", end);
  }
}

function report(last: RolloutBody | null, terminal: Terminal): void {
  if (last === null) {
    terminal.err("fedge: watching has ended; the rollout goes on.\n");
    terminal.fail();
  } else if (last.state !== "completed") {
    throw new FedgeError("TARGET_MISSED", `rollout ${last.rolloutId} is ${stateText(last)}: ${last.reason}`);
  }
}
