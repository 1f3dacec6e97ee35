import { FedgeError } from "@fedge/protocol";
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { StopSignal, Trainer, TrainingRequest, TrainingResult } from "../../core/ports/engine.js";
import { CompiledGraphs } from "./compiled-graphs.js";
import { ExampleBatches, type BatchValue } from "../training/example-batches.js";
import { lookingUp } from "../training/training-pace.js";
import { sampleLoss } from "../training/sample-loss.js";
import { engineFailure, toTensor, type OnnxRuntime } from "./runtime.js";
import { Weights, outputOf } from "./weights.js";

/** What the trainer needs of the thread that it runs in. */
export interface OnnxTrainerOptions {
  /** Milliseconds of a monotonic clock, for the measured training time. */
  readonly nowMs: () => number;
  /** Lets other work of the thread run; called between steps, every few milliseconds. */
  readonly yieldToOthers: () => Promise<void>;
}

/**
 * Trains in this thread. A train graph is compiled once and serves every device that shares the trainer; requests run
 * one after the other.
 */
export function createOnnxTrainer(runtime: OnnxRuntime, options: OnnxTrainerOptions): Trainer {
  const graphs = new CompiledGraphs(runtime);
  let queue: Promise<unknown> = Promise.resolve();
  return {
    form: "onnx",
    train: (request, signal) => {
      const result = queue.then(async () => {
        requireWanted(signal);
        const session = await graphs.get(request.programSha256, request.program);
        return runPlan({ runtime, options, session }, request, signal);
      });
      queue = result.catch(() => undefined);
      return result;
    },
    close: async () => {
      await queue;
      await graphs.close();
    },
  };
}

interface PlanContext {
  readonly runtime: OnnxRuntime;
  readonly options: OnnxTrainerOptions;
  readonly session: InferenceSession;
}

async function runPlan(
  context: PlanContext,
  request: TrainingRequest,
  signal: StopSignal,
): Promise<TrainingResult> {
  const { plan, manifest, seed } = request;
  const startedAtMs = context.options.nowMs();
  const batches = new ExampleBatches(manifest, request.examples, { ...plan, seed });
  const weights = new Weights(context.runtime, manifest, request.tensors);
  weights.seed(seed);
  const constants = constantFeeds(context, request, weights);
  const lookUp = lookingUp(context.options);
  const step = async (batch: Record<string, BatchValue>, fetches?: string[]): Promise<StepOutputs> => {
    // Before every step, those that only measure too: whoever wants it stopped must be heard.
    await lookUp();
    requireWanted(signal);
    const feeds = { ...constants, ...weights.feeds(), ...batchFeeds(context.runtime, batch) };
    return runStep(context.session, feeds, fetches);
  };
  // A step whose weights are not taken changes nothing.
  const lossOn = async (batch: Record<string, BatchValue>): Promise<number> =>
    Number(outputOf(await step(batch, ["loss"]), "loss").data[0]);
  const lossBefore = await sampleLoss(batches.sample(), lossOn);
  let steps = 0;
  for (const batch of batches.batches()) {
    weights.advance(await step(batch));
    steps += 1;
  }
  const lossAfter = await sampleLoss(batches.sample(), lossOn);
  const trainMs = context.options.nowMs() - startedAtMs;
  return {
    delta: weights.delta(),
    numExamples: batches.numExamples,
    metrics: { steps, trainMs, lossBefore, lossAfter },
  };
}

type StepOutputs = InferenceSession.OnnxValueMapType;

/** `fetches` are the outputs that are wanted; all of them when left out. */
async function runStep(
  session: InferenceSession,
  feeds: Record<string, Tensor>,
  fetches: string[] | undefined,
): Promise<StepOutputs> {
  try {
    return await (fetches === undefined ? session.run(feeds) : session.run(feeds, fetches));
  } catch (cause) {
    throw engineFailure("a training step failed", cause);
  }
}

function batchFeeds(runtime: OnnxRuntime, batch: Record<string, BatchValue>): Record<string, Tensor> {
  const entries = Object.entries(batch).map(([name, value]) => {
    return [name, toTensor(runtime, value.elementType, value)] as const;
  });
  return Object.fromEntries(entries);
}

function constantFeeds(
  { runtime, session }: PlanContext,
  { plan, manifest }: TrainingRequest,
  weights: Weights,
): Record<string, Tensor> {
  const scalar = (value: number): Tensor => new runtime.Tensor("float32", new Float32Array([value]), []);
  if (plan.proximalMu > 0 && !manifest.proximal) {
    throw new FedgeError("TRAINING_FAILED", "the plan wants a FedProx term and the train graph has none");
  }
  const feeds = { learning_rate: scalar(plan.learningRate) };
  return manifest.proximal
    ? { ...feeds, proximal_mu: scalar(plan.proximalMu), ...weights.anchors(session.inputNames) }
    : feeds;
}

function requireWanted(signal: StopSignal): void {
  if (signal.aborted) throw new FedgeError("TRAINING_INTERRUPTED", "training was stopped before its end");
}
