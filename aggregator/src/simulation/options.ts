import { availableParallelism } from "node:os";
import { OPTIMIZER_KINDS, type OptimizerKind } from "@fedge/onnx-autodiff";
import { FedgeError, type UpdateEncoding } from "@fedge/protocol";
import { cohortSize } from "../rounds/cohort.js";
import { PARTITIONS } from "./data/partition.js";
import type { ServerOptimizerConfig } from "../server-optimizers/config.js";
import { Reading, type RawOptions } from "./option-reading.js";
import { readServerOptimizer } from "./server-optimizer-options.js";

export const DIGIT_MODELS = ["2nn", "logistic", "cnn"] as const;
export type DigitModelKind = (typeof DIGIT_MODELS)[number];
export const MODEL_KINDS = [...DIGIT_MODELS, "char-lstm", "next-word"] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];

export const SIMULATED_PARTITIONS = [...PARTITIONS, "role", "persona"] as const;
type SimulatedPartition = (typeof SIMULATED_PARTITIONS)[number];

export const ENCODINGS = ["float32", "float16", "int8"] as const satisfies readonly UpdateEncoding[];
export const CLOSE_POLICIES = ["cohort", "goal"] as const;

/** What one simulated run does. Fractions are in [0, 1]. */
export interface SimulationOptions {
  /** Directory with MNIST's four files; null draws digits. */
  readonly dataDirectory: string | null;
  readonly model: ModelKind;
  /** `role` is the one of char-lstm, `persona` that of next-word (and `role` with plays), and only theirs. */
  readonly partition: SimulatedPartition;
  readonly alpha: number;
  readonly numDevices: number;
  /** Of all devices, in each round (C in McMahan et al. 2017). */
  readonly fraction: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Of the devices; what it keeps begins anew with every round. */
  readonly optimizer: OptimizerKind;
  readonly learningRate: number;
  readonly rounds: number;
  readonly targetAccuracy: number | null;
  readonly seed: string;
  readonly serverOptimizer: ServerOptimizerConfig;
  readonly encoding: UpdateEncoding;
  /** Of the selected devices. */
  readonly dropout: number;
  readonly late: number;
  readonly overSelection: number;
  readonly proximalMu: number;
  readonly goalReports: number;
  readonly minReports: number;
  readonly close: (typeof CLOSE_POLICIES)[number];
  readonly releaseEvery: number;
  readonly numWorkers: number;
  /** Kept after the run; null takes a temporary directory and removes it. */
  readonly stateDirectory: string | null;
  /** Held-out examples that versions are evaluated on; null takes all of them. */
  readonly numTestExamples: number | null;
  /** Devices that also train without the others, to compare; those with the most examples. */
  readonly numAlone: number;
}

const MAX_DEVICES = 10_000;
const MAX_ROUNDS = 1_000_000;

/** The checked options. Throws OPTION_INVALID with one sentence that names the flag and what it takes. */
export function decodeSimulationOptions(raw: RawOptions): SimulationOptions {
  const read = new Reading(raw);
  const numDevices = read.integer("devices", 100, { least: 1, most: MAX_DEVICES });
  const fraction = read.number("fraction", 0.1, { above: 0, most: 1 });
  const goalReports = Math.max(1, Math.round(fraction * numDevices));
  const learning = readLearning(read);
  const dataDirectory = read.text("data");
  const options: SimulationOptions = {
    ...learning,
    ...readServer(read),
    numDevices,
    fraction,
    goalReports,
    minReports: read.integer("minReports", Math.max(1, Math.floor(goalReports / 2)), {
      least: 1,
      most: MAX_DEVICES,
    }),
    dataDirectory,
    partition: read.choice(
      "partition",
      SIMULATED_PARTITIONS,
      partitionsOf(learning.model, dataDirectory)[0] ?? "iid",
    ),
    alpha: read.number("alpha", 0.5, { above: 0, most: 1e6 }),
    seed: read.text("seed") ?? "1",
    numWorkers: read.integer("workers", Math.min(availableParallelism(), numDevices), { least: 1, most: 64 }),
    stateDirectory: read.text("state"),
    numTestExamples: read.optionalInteger("testExamples", { least: 1, most: 1_000_000 }),
    numAlone: read.integer("alone", 0, { least: 0, most: numDevices }),
  };
  checkTogether(options);
  return options;
}

function readLearning(read: Reading) {
  return {
    model: read.choice("model", MODEL_KINDS, "2nn"),
    epochs: read.integer("epochs", 1, { least: 1, most: 1000 }),
    batchSize: read.integer("batch", 10, { least: 1, most: 65_536 }),
    optimizer: read.choice("optimizer", OPTIMIZER_KINDS, "sgd"),
    learningRate: read.number("learningRate", 0.1, { above: 0, most: 1000 }),
    proximalMu: read.number("prox", 0, { least: 0, most: 1000 }),
    encoding: read.choice("encoding", ENCODINGS, "float32"),
    rounds: read.integer("rounds", 20, { least: 1, most: MAX_ROUNDS }),
    targetAccuracy: read.optionalNumber("target", { above: 0, most: 1 }),
  };
}

function readServer(read: Reading) {
  return {
    serverOptimizer: readServerOptimizer(read),
    dropout: read.number("dropout", 0, { least: 0, most: 1 }),
    late: read.number("late", 0, { least: 0, most: 1 }),
    overSelection: read.number("overSelection", 1, { least: 1, most: 10 }),
    close: read.choice("close", CLOSE_POLICIES, "cohort"),
    releaseEvery: read.integer("releaseEvery", MAX_ROUNDS, { least: 1, most: MAX_ROUNDS }),
  };
}

/** How the model's examples can be divided, the usual way first. */
function partitionsOf(model: ModelKind, dataDirectory: string | null): readonly SimulatedPartition[] {
  if (model === "char-lstm") return ["role"];
  if (model === "next-word") return [dataDirectory === null ? "persona" : "role"];
  return PARTITIONS;
}

function checkTogether(options: SimulationOptions): void {
  const { goalReports, overSelection, numDevices, minReports, dropout, late } = options;
  const selected = cohortSize(goalReports, overSelection);
  if (selected > numDevices) {
    throw invalid(
      `a round would select ${selected} devices (--fraction times --over-selection) of ${numDevices}; lower one of them or raise --devices`,
    );
  }
  if (minReports > goalReports) {
    throw invalid(
      `--min-reports is ${minReports}, but a round aims for ${goalReports}; lower it or raise --fraction`,
    );
  }
  const partitions = partitionsOf(options.model, options.dataDirectory);
  if (!partitions.includes(options.partition)) {
    throw invalid(`--partition of --model ${options.model} is ${partitions.join(" or ")} with this data`);
  }
  if (dropout + late > 1)
    throw invalid(`--dropout and --late together are ${dropout + late}; they can be at most 1`);
  if (options.numWorkers > numDevices) {
    throw invalid(
      `--workers is ${options.numWorkers} for ${numDevices} devices; use at most one for each device`,
    );
  }
  if (options.seed === "" || options.seed.length > 64) throw invalid("--seed must have 1 to 64 characters");
}

function invalid(message: string): FedgeError {
  return new FedgeError("OPTION_INVALID", `${message}.`);
}
