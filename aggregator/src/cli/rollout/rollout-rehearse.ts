import { Option, type Command } from "commander";
import { FAULTS, type Fault } from "../../simulation/broken-versions/broken-version.js";
import type { RehearsalResult } from "../../simulation/rehearsal/rehearse.js";
import { wholeNumber } from "../flag-values.js";
import type { Terminal } from "../terminal.js";
import { toldRehearsal, workersFor } from "../told-rehearsal.js";

interface RehearseFlags {
  readonly devices: number;
  readonly fault: Fault | "none";
  readonly rounds: number;
  readonly seed: string;
}

const LEAST_DEVICES = 15;

/** `fedge rollout rehearse`: exit code 0 only when everything went as it must. */
export function addRolloutRehearse(rollout: Command, terminal: Terminal): void {
  rollout
    .command("rehearse")
    .description(
      "a whole night with real devices in this process: train, propose, approve, waves, a fault, back",
    )
    .addOption(
      new Option("--devices <N>", "devices of the fleet, at least 15")
        .argParser(wholeNumber({ least: LEAST_DEVICES, most: 500 }))
        .default(30),
    )
    .addOption(
      new Option("--fault <kind>", "what is wrong with the second candidate")
        .choices([...FAULTS, "none"])
        .default("nan"),
    )
    .addOption(
      new Option("--rounds <R>", "of training").argParser(wholeNumber({ least: 1, most: 100 })).default(5),
    )
    .option("--seed <S>", "makes everything that is drawn", "1")
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nNothing outside of a temporary directory and free ports is used.")
    .action((flags: RehearseFlags) => run(flags, terminal));
}

async function run({ devices, fault, rounds, seed }: RehearseFlags, terminal: Terminal): Promise<void> {
  const { rehearse } = await import("../../simulation/rehearsal/rehearse.js");
  const options = { numDevices: devices, numWorkers: workersFor(devices), rounds, seed };
  const of = { ...options, fault: fault === "none" ? null : fault };
  await toldRehearsal(terminal, (telling) => rehearse(of, telling), endText);
}

function endText({ fault, serving, audit, seconds }: RehearsalResult): string {
  const lines: (readonly [string, string])[] = [
    ...(fault === null ? [] : faultLines(fault)),
    [
      "served now",
      Object.entries(serving)
        .map(([version, num]) => `${version} by ${num} devices`)
        .join(", "),
    ],
    [
      "audit",
      `${audit.numEntries} entries, the chain is ${audit.isWhole ? "whole" : "broken"}; of this rollout:`,
    ],
    ...audit.reasons.map((reason) => ["", reason] as const),
    ["took", `${seconds.toFixed(1)} s`],
  ];
  return `\n${lines.map(([name, text]) => `${name.padEnd(14)}${text}`).join("\n")}\n`;
}

function faultLines(fault: NonNullable<RehearsalResult["fault"]>): (readonly [string, string])[] {
  const { exposed, numPilots, numTried, secondsToRestored } = fault;
  const seconds = secondsToRestored === null ? "never" : `${secondsToRestored.toFixed(1)} s`;
  return [
    [
      "exposed",
      `${exposed.length} devices (first wave: ${numPilots}, tried by ${numTried}): ${exposed.join(" ")}`,
    ],
    ["restored", `${seconds} from the first device that had it to the last that has it no more`],
    ...fault.deviceReasons.map((reason, at) => [at === 0 ? "devices say" : "", reason] as const),
  ];
}
