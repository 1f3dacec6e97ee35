import { InvalidArgumentError, Option, type Command } from "commander";
import { LEAST_DEVICES } from "../../simulation/drift-rehearsal/drift-plan.js";
import type { DriftRehearsalResult } from "../../simulation/drift-rehearsal/drift-result.js";
import { percent } from "../../simulation/progress.js";
import { duration, wholeNumber } from "../flag-values.js";
import type { Terminal } from "../terminal.js";
import { toldRehearsal, workersFor } from "../told-rehearsal.js";

interface RehearseFlags {
  readonly devices: number;
  readonly window: number;
  readonly seed: string;
}

const WINDOW_MS = 15_000;
/** A shorter one has too few rows for a verdict; in a longer one nobody waits for it. */
const [LEAST_WINDOW_MS, MOST_WINDOW_MS] = [10_000, 600_000];

function windowLength(text: string): number {
  const lengthMs = duration(text);
  if (lengthMs >= LEAST_WINDOW_MS && lengthMs <= MOST_WINDOW_MS) return lengthMs;
  throw new InvalidArgumentError("It takes 10s to 10m.");
}

/** `fedge drift rehearse`: exit code 0 only when everything went as it must. */
export function addDriftRehearse(drift: Command, terminal: Terminal): void {
  drift
    .command("rehearse")
    .description("a drift from its first sign to its end, with real devices in this process")
    .addOption(
      new Option("--devices <N>", `devices of the fleet, at least ${LEAST_DEVICES}; the world changes for 20`)
        .argParser(wholeNumber({ least: LEAST_DEVICES, most: 500 }))
        .default(100),
    )
    .addOption(
      new Option("--window <duration>", "how long devices count before they send")
        .argParser(windowLength)
        .default(WINDOW_MS, "15s"),
    )
    .option("--seed <S>", "makes everything that is drawn", "1")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      "\nNothing outside of a temporary directory and free ports is used. Look at the Drift page meanwhile: the first line says where.",
    )
    .action((flags: RehearseFlags) => run(flags, terminal));
}

async function run({ devices, window, seed }: RehearseFlags, terminal: Terminal): Promise<void> {
  const { rehearseDrift } = await import("../../simulation/drift-rehearsal/rehearse-drift.js");
  const options = { numDevices: devices, numWorkers: workersFor(devices), seed, windowMs: window };
  await toldRehearsal(terminal, (telling) => rehearseDrift(options, telling), endText);
}

function endText({ accuracy, alerts, serving, seconds }: DriftRehearsalResult): string {
  const { before, drifted, recovered } = accuracy;
  const lines: (readonly [string, string])[] = [
    [
      "right",
      `${percent(before)} before, ${percent(drifted)} of the coast's after the change, ${percent(recovered)} with the recovered version`,
    ],
    ...alerts.map(
      ({ severity, kind, state, numCalls, text }, at) =>
        [at === 0 ? "alerts" : "", `${severity} ${kind}, ${state}, told ${numCalls} times: ${text}`] as const,
    ),
    [
      "served now",
      Object.entries(serving)
        .map(([version, num]) => `${version} by ${num} devices`)
        .join(", "),
    ],
    ["took", `${seconds.toFixed(1)} s`],
  ];
  return `\n${lines.map(([name, text]) => `${name.padEnd(14)}${text}`).join("\n")}\n`;
}
