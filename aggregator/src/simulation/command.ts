import { OPTIMIZER_KINDS } from "@fedge/onnx-autodiff";
import type { SuggestionQuality } from "@fedge/browser-demo/words";
import { Command } from "commander";
import {
  CLOSE_POLICIES,
  ENCODINGS,
  MODEL_KINDS,
  SIMULATED_PARTITIONS,
  decodeSimulationOptions,
} from "./options.js";
import { SERVER_OPTIMIZERS } from "./server-optimizer-options.js";
import { createProgress, megabytes, percent, silentProgress } from "./progress.js";
import type { SimulationResult } from "./result.js";
import type { ComparedSuggestions } from "./next-word/suggestion-comparison.js";
import { simulate } from "./simulate.js";

const FLAGS: readonly (readonly [flags: string, description: string])[] = [
  [
    "--data <dir>",
    "directory with MNIST's four IDX files (without it digits are drawn), or with plays for char-lstm and next-word (without it the sample corpus)",
  ],
  ["--model <kind>", `${MODEL_KINDS.join(", ")} (default 2nn: 784-200-200-10)`],
  [
    "--partition <kind>",
    `how examples are divided: ${SIMULATED_PARTITIONS.join(", ")} (default iid; role for plays, persona for next-word)`,
  ],
  ["--alpha <A>", "concentration of the dirichlet partition (default 0.5)"],
  ["--devices <N>", "number of devices (default 100)"],
  ["--fraction <C>", "of the devices in each round (default 0.1)"],
  ["--epochs <E>", "passes of a device over its examples in a round (default 1)"],
  ["--batch <B>", "examples in one training step (default 10)"],
  ["--optimizer <kind>", `of the devices: ${OPTIMIZER_KINDS.join(", ")} (default sgd)`],
  ["--learning-rate <LR>", "of the devices (default 0.1)"],
  ["--rounds <R>", "most rounds (default 20)"],
  ["--target <ACC>", "held-out accuracy, as a fraction, at which to stop"],
  ["--seed <S>", "makes everything that is drawn (default 1)"],
  ["--server-optimizer <kind>", `${SERVER_OPTIMIZERS.join(", ")} (default fedavg)`],
  ["--server-learning-rate <LR>", "of the server optimizer"],
  ["--server-momentum <M>", "of fedavgm"],
  ["--beta1 <B>", "of fedadagrad, fedadam and fedyogi"],
  ["--beta2 <B>", "of fedadam and fedyogi"],
  ["--tau <T>", "degree of adaptivity of fedadagrad, fedadam and fedyogi"],
  ["--encoding <kind>", `of updates: ${ENCODINGS.join(", ")} (default float32)`],
  ["--dropout <P>", "fraction of selected devices that lose their connection in mid-round (default 0)"],
  ["--late <P>", "fraction of selected devices that report after the round is over (default 0)"],
  ["--over-selection <F>", "devices selected over devices aimed for (default 1)"],
  ["--prox <MU>", "FedProx coefficient (default 0)"],
  ["--min-reports <N>", "updates below which a round is abandoned (default half of the goal)"],
  [
    "--close <policy>",
    `when a round closes: ${CLOSE_POLICIES.join(" or ")} (default cohort: whoever is selected)`,
  ],
  ["--release-every <N>", "versions from one release to the next (default: only the last is released)"],
  ["--workers <W>", "threads that host the devices (default: one for each core)"],
  ["--state <dir>", "keeps the aggregator's state there (default: a temporary directory)"],
  ["--test-examples <N>", "held-out examples to evaluate on (default: all)"],
  ["--alone <N>", "devices that also train without the others, to compare (default 0)"],
];

type Flags = Readonly<Record<string, string | undefined>> & { readonly json?: true; readonly quiet?: true };

/** The verb `fedge simulate`. Its action rejects with FedgeError; a missed target sets the exit code to 1. */
export function simulateCommand(): Command {
  const command = new Command("simulate").description(
    "Train with N simulated devices: the production runtime, broker and aggregator in one process",
  );
  for (const [flags, description] of FLAGS) command.option(flags, description);
  return command
    .option("--json", "print one JSON object as the last line")
    .option("--quiet", "show no progress")
    .action(runSimulation);
}

async function runSimulation({ json, quiet, ...raw }: Flags): Promise<void> {
  const options = decodeSimulationOptions(raw);
  const isSilent = quiet === true || json === true;
  const progress = isSilent ? silentProgress : createProgress(process.stderr, options.rounds);
  const interruption = interruptible();
  try {
    const result = await simulate(options, { progress, signal: interruption.signal });
    progress.close();
    process.stdout.write(json === true ? `${JSON.stringify(result)}\n` : describe(result));
    if (result.reachedTarget === false) {
      process.stderr.write(`fedge: ${missed(result)}\n`);
      process.exitCode = 1;
    }
  } finally {
    progress.close();
    interruption.end();
  }
}

/** Aborted by SIGINT or SIGTERM, once; a second signal ends the process as usual. */
function interruptible(): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const end = (): void => {
    process.off("SIGINT", abort);
    process.off("SIGTERM", abort);
  };
  process.once("SIGINT", abort);
  process.once("SIGTERM", abort);
  return { signal: controller.signal, end };
}

function missed({ options, testAccuracy, rounds }: SimulationResult): string {
  const reached = testAccuracy === null ? "no version was evaluated" : `it is ${percent(testAccuracy)}`;
  const wanted = percent(options.targetAccuracy ?? 0);
  return `accuracy ${wanted} was not reached in ${rounds} rounds: ${reached}; raise --rounds or lower --target.`;
}

function describeAlone({ alone }: SimulationResult): (readonly [string, string])[] {
  if (alone === null) return [];
  const devices = alone.devices.map(({ index, numExamples, bestRound, bestAccuracy }) => {
    return [
      "alone",
      `${percent(bestAccuracy)}, device ${index} with ${numExamples} examples, best after round ${bestRound}`,
    ] as const;
  });
  return [["initial model", percent(alone.initialAccuracy)], ...devices];
}

function describeSuggestions({ suggestions }: SimulationResult): (readonly [string, string])[] {
  if (suggestions === null) return [];
  const { unseen } = suggestions;
  const line = (name: string, quality: SuggestionQuality): readonly [string, string] => [
    name,
    `top-1 ${percent(quality.top1Recall)}, top-3 ${percent(quality.top3Recall)}, keystrokes saved ${percent(quality.keystrokesSaved)}`,
  ];
  const lines = ({ federated, trigrams, alone }: ComparedSuggestions) => {
    const rest = alone === null ? [] : [line("best alone", alone)];
    return [line("federated", federated), line("trigrams", trigrams), ...rest];
  };
  if (unseen.numSentences === 0) return lines(suggestions);
  const heading = [
    "unseen",
    `on the ${unseen.numSentences} sentences that are in no device's text:`,
  ] as const;
  return [...lines(suggestions), heading, ...lines(unseen)];
}

function describe(result: SimulationResult): string {
  const lost = Object.entries(result.lostByReason).filter(([, count]) => count > 0);
  const lines = [
    ["rounds", String(result.rounds)],
    ["test accuracy", result.testAccuracy === null ? "not measured" : percent(result.testAccuracy)],
    ...describeAlone(result),
    ...describeSuggestions(result),
    ["lost devices", lost.length === 0 ? "none" : lost.map(([why, count]) => `${count} ${why}`).join(", ")],
    ["traffic", `${megabytes(result.bytesUp)} up, ${megabytes(result.bytesDown)} down`],
    [
      "time",
      `${result.wallSeconds.toFixed(1)} s, of which devices trained ${result.trainSeconds.toFixed(1)} s`,
    ],
    ["final version", `${result.finalVersion}, served by ${result.devicesServingFinalVersion} devices`],
    ["checkpoint", result.finalCheckpointSha256],
  ];
  return `${lines.map(([name = "", value = ""]) => `${name.padEnd(14)}${value}`).join("\n")}\n`;
}
