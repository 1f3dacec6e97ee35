import { FedgeError } from "@fedge/protocol";
import { createSystemClock } from "../clock/system-clock.js";
import type { EvaluationData } from "../evaluation/evaluation-data.js";
import { startServer, type RunningServer } from "../server.js";
import type { AggregatorService } from "../service.js";
import { makeTemporaryDirectory, type TemporaryDirectory } from "../state-directory/temporary-directory.js";
import { trainAlone, withoutTensors, type AloneTraining } from "./alone/alone-training.js";
import { FastForwardClock } from "./clock/fast-forward-clock.js";
import { takeExamples, type LabelledImages } from "./data/labelled-images.js";
import { partitionExamples, type PartitionKind } from "./data/partition.js";
import { digitsModel, heldOutImages, loadDigits } from "./digits.js";
import { arrangeImages } from "./fleet/fleet-examples.js";
import { loadNextWord } from "./next-word/next-word.js";
import { compareSuggestions } from "./next-word/suggestion-comparison.js";
import type { TypedText } from "./next-word/typed-text.js";
import { loadShakespeare } from "./shakespeare.js";
import {
  evaluationDataOf,
  portsOf,
  type LabelledExamples,
  type ModelPorts,
  type Workload,
} from "./workload.js";
import type { SimulationOptions } from "./options.js";
import { disableOnnxTelemetry } from "./onnx-telemetry.js";
import { SIMULATED_MODEL, runTask, type Run, type SimulationContext } from "./run-task.js";
import type { SimulationResult } from "./result.js";
import { interrupted } from "./waiting.js";

/**
 * Runs a whole federation in this process: aggregator, broker and database as in production, devices in worker
 * threads. The same options give the same final checkpoint, whatever order updates arrive in.
 *
 * Throws DATA_MISSING, DATA_CORRUPT or OPTION_INVALID before anything is started; CLOSED when the signal aborts;
 * DEADLINE_EXCEEDED when the run comes to a stop.
 */
export async function simulate(
  options: SimulationOptions,
  context: SimulationContext,
): Promise<SimulationResult> {
  disableOnnxTelemetry();
  const startedAtMs = performance.now();
  const workload = await prepareWorkload(options, context);
  if (context.signal.aborted) throw interrupted();
  const dataSeconds = (performance.now() - startedAtMs) / 1000;
  const state = await openState(options.stateDirectory);
  const clock = new FastForwardClock(createSystemClock());
  try {
    const server = await startSimulatedServer(state.path, clock, workload.heldOut);
    try {
      const ports = await importWorkload(server.service, workload, options);
      const run = { ...context, options, server, clock, startedAtMs, dataSeconds };
      const result = await runTask(run, { ...ports, data: workload.fleet });
      const alone = await compareAlone(run, workload);
      const { finalVersion } = result;
      return {
        ...result,
        alone: alone === null ? null : withoutTensors(alone),
        suggestions:
          workload.text === undefined
            ? null
            : await compareSuggestions(server.service, workload.text, { finalVersion, alone }),
      };
    } finally {
      await server.close();
    }
  } finally {
    clock.close();
    await state.remove();
  }
}

async function prepareWorkload(
  options: SimulationOptions,
  { progress }: SimulationContext,
): Promise<Workload & { readonly text?: TypedText }> {
  const { dataDirectory: directory, seed, numDevices, model: kind, numTestExamples } = options;
  progress.stage(directory === null ? "Drawing examples" : `Reading ${directory}`);
  const model = SIMULATED_MODEL;
  const of = { directory, numDevices, numTestExamples, model, seed };
  if (kind === "next-word") return loadNextWord(of);
  if (kind === "char-lstm") return loadShakespeare(of);
  const { train, test } = await loadDigits({ directory, seed, numDevices });
  const partition = partitionExamples(train.labels, { ...options, kind: options.partition as PartitionKind });
  return {
    model: digitsModel(model, kind, seed),
    fleet: arrangeImages(train, partition),
    heldOut: heldOutImages(testImages(test, options)),
  };
}

/** After the task, so that the two do not wait for the same cores. */
async function compareAlone(run: Run, workload: Workload): Promise<AloneTraining | null> {
  const { options, signal, progress, server } = run;
  if (options.numAlone === 0) return null;
  progress.stage(`Training ${options.numAlone} devices alone`);
  return trainAlone({ service: server.service, workload, options, signal });
}

function startSimulatedServer(
  stateDirectory: string,
  clock: FastForwardClock,
  heldOut: LabelledExamples,
): Promise<RunningServer> {
  const held: { data: EvaluationData | null } = { data: null };
  return startServer({
    host: "127.0.0.1",
    httpPort: 0,
    mqttPort: 0,
    logLevel: "error",
    stateDirectory,
    roundClock: clock,
    evaluationData: (_model, manifest) => (held.data ??= evaluationDataOf(heldOut, portsOf(manifest))),
  });
}

function testImages(test: LabelledImages, { numTestExamples }: SimulationOptions): LabelledImages {
  return numTestExamples === null ? test : takeExamples(test, Math.min(numTestExamples, test.labels.length));
}

async function importWorkload(
  service: AggregatorService,
  { model }: Workload,
  options: SimulationOptions,
): Promise<ModelPorts> {
  if ((await service.listModels()).length > 0) {
    throw new FedgeError(
      "OPTION_INVALID",
      "--state names a directory that is in use already; name an empty one.",
    );
  }
  const { version } = await service.importModel({
    ...model,
    training: { ...model.training, optimizer: { kind: options.optimizer }, proximal: options.proximalMu > 0 },
  });
  return portsOf((await service.getVersion(SIMULATED_MODEL, version.version)).manifest);
}

/** The directory of the run; one that nobody named is removed afterwards. */
async function openState(named: string | null): Promise<TemporaryDirectory> {
  if (named !== null) return { path: named, remove: () => Promise.resolve() };
  return makeTemporaryDirectory("fedge-simulate-");
}
