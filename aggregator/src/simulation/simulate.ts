import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSystemClock } from "../clock/system-clock.js";
import type { EvaluationData } from "../evaluation/evaluation-data.js";
import { startServer } from "../server.js";
import type { AggregatorService } from "../service.js";
import { FastForwardClock } from "./clock/fast-forward-clock.js";
import { takeExamples, type DigitData, type LabelledImages } from "./data/labelled-images.js";
import { partitionExamples } from "./data/partition.js";
import { digitPorts, digitsModel, heldOut, loadDigits, type DigitPorts } from "./digits.js";
import type { SimulationOptions } from "./options.js";
import { disableOnnxTelemetry } from "./onnx-telemetry.js";
import { SIMULATED_MODEL, runTask, type SimulationContext } from "./run-task.js";
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
  const { dataDirectory, seed, numDevices } = options;
  context.progress.stage(dataDirectory === null ? "Drawing digits" : `Reading ${dataDirectory}`);
  const data = await loadDigits({ directory: dataDirectory, seed, numDevices });
  const partition = partitionExamples(data.train.labels, { ...options, kind: options.partition });
  if (context.signal.aborted) throw interrupted();
  const test = testImages(data, options);
  const held: { data: EvaluationData | undefined } = { data: undefined };
  const dataSeconds = (performance.now() - startedAtMs) / 1000;
  const state = await openState(options.stateDirectory);
  const clock = new FastForwardClock(createSystemClock());
  try {
    const server = await startServer({
      host: "127.0.0.1",
      httpPort: 0,
      mqttPort: 0,
      logLevel: "error",
      stateDirectory: state.path,
      roundClock: clock,
      evaluationData: () => held.data,
    });
    try {
      const ports = await importDigits(server.service, options);
      held.data = heldOut(test, ports);
      return await runTask(
        { ...context, options, server, clock, startedAtMs, dataSeconds },
        { ...ports, images: data.train, partition },
      );
    } finally {
      await server.close();
    }
  } finally {
    clock.close();
    await state.remove();
  }
}

function testImages({ test }: DigitData, { numTestExamples }: SimulationOptions): LabelledImages {
  return numTestExamples === null ? test : takeExamples(test, Math.min(numTestExamples, test.labels.length));
}

async function importDigits(service: AggregatorService, options: SimulationOptions): Promise<DigitPorts> {
  const request = digitsModel(SIMULATED_MODEL, options.model, options.seed);
  const { version } = await service.importModel({ ...request, proximal: options.proximalMu > 0 });
  return digitPorts((await service.getVersion(SIMULATED_MODEL, version)).manifest);
}

/** The directory of the run; one that nobody named is removed afterwards. */
async function openState(named: string | null): Promise<{ readonly path: string; remove(): Promise<void> }> {
  if (named !== null) return { path: named, remove: () => Promise.resolve() };
  const path = await mkdtemp(join(tmpdir(), "fedge-simulate-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
