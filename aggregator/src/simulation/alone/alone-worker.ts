import { parentPort, workerData } from "node:worker_threads";
import type { Trainer, TrainingRequest } from "@fedge/device-runtime";
import { createOnnxTrainer } from "@fedge/device-runtime/engine-onnx";
import { loadOnnxRuntime } from "@fedge/device-runtime/node";
import { hasErrorCode, toWireError, type NamedTensor } from "@fedge/protocol";
import { evaluateOn } from "../../evaluation/evaluate.js";
import type { DeviceSeed } from "../fleet/fleet-messages.js";
import { portsOf, rowsOf } from "../workload.js";
import type { AloneReport, AloneWorkerData, TrainedAlone } from "./alone-training.js";
import { movedBy } from "./moved-by.js";

/** Rounds in a row that may pass without a better accuracy. */
const PATIENCE_ROUNDS = 5;

const say = (report: AloneReport): void => parentPort?.postMessage(report);

interface Rig {
  readonly data: AloneWorkerData;
  readonly trainer: Trainer;
  readonly accuracyOf: (tensors: readonly NamedTensor[]) => Promise<number>;
  readonly signal: AbortSignal;
}

async function main(data: AloneWorkerData): Promise<void> {
  const stop = new AbortController();
  parentPort?.once("message", () => stop.abort());
  const { runtime } = await loadOnnxRuntime();
  const trainer = createOnnxTrainer(runtime, {
    nowMs: () => performance.now(),
    yieldToOthers: () => new Promise((resolve) => setImmediate(resolve)),
  });
  const oneThread = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const session = await runtime.InferenceSession.create(data.evalGraph, oneThread);
  const accuracyOf = async (tensors: readonly NamedTensor[]): Promise<number> => {
    const version = { manifest: data.manifest, tensors };
    const { numCorrect, numExamples } = await evaluateOn(runtime, session, version, data.heldOut);
    return (numCorrect ?? 0) / numExamples;
  };
  const rig: Rig = { data, trainer, accuracyOf, signal: stop.signal };
  say({ type: "initial", accuracy: await accuracyOf(data.tensors) });
  for (const device of data.devices) say({ type: "device", result: await trainDevice(device, rig) });
  await trainer.close();
  await session.release();
}

/** Its best round, as soon as the rounds are over or none of the last few was better. */
async function trainDevice(device: DeviceSeed, rig: Rig): Promise<TrainedAlone> {
  const { data } = rig;
  let { tensors } = data;
  let best = { round: 0, accuracy: 0, tensors };
  for (let round = 1; round <= data.maxRounds && round - best.round <= PATIENCE_ROUNDS; round += 1) {
    const { delta } = await rig.trainer.train(requestOf(device, { data, tensors, round }), rig.signal);
    tensors = movedBy(tensors, delta, data.manifest.parameters);
    const accuracy = await rig.accuracyOf(tensors);
    if (accuracy > best.accuracy) best = { round, accuracy, tensors };
  }
  const { index, range } = device;
  const { round: bestRound, accuracy: bestAccuracy, tensors: bestTensors } = best;
  return { index, numExamples: range.count, bestRound, bestAccuracy, bestTensors };
}

function requestOf(
  { index, range }: DeviceSeed,
  of: {
    readonly data: AloneWorkerData;
    readonly tensors: readonly NamedTensor[];
    readonly round: number;
  },
): TrainingRequest {
  const { manifest, program, programSha256, plan, examples, seed } = of.data;
  const { inputName } = portsOf(manifest);
  const [first, end] = [range.first, range.first + range.count];
  return {
    ...{ manifest, program, programSha256, plan, tensors: of.tensors },
    seed: `${seed}/alone/${index}/${of.round}`,
    examples: {
      numExamples: range.count,
      inputs: { [inputName]: rowsOf(examples.input, first, end) },
      target: rowsOf(examples.target, first, end),
    },
  };
}

main(workerData as AloneWorkerData)
  .catch((error: unknown) => {
    // Whoever asked for the stop knows.
    if (hasErrorCode(error) && error.code === "TRAINING_INTERRUPTED") return;
    say({ type: "failed", error: toWireError(error) });
  })
  .finally(() => parentPort?.close());
