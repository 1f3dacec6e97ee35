import { FedgeError, createRandom } from "@fedge/protocol";
import type { StopSignal, Trainer, TrainingRequest, TrainingResult } from "../../core/ports/engine.js";
import { ExampleBatches, type BatchValue } from "../training/example-batches.js";
import { lookingUp } from "../training/training-pace.js";
import { sampleLoss } from "../training/sample-loss.js";
import { DropoutSeeds } from "./dropout-seeds.js";
import { registerTrainingKernels } from "./kernels/register-training-kernels.js";
import type { LoadedModel } from "./loaded-model.js";
import { engineFailure, type TfjsRuntime } from "./runtime.js";
import { TrainingModels } from "./training-models.js";
import { TrainingStep } from "./training-step.js";

/** What the trainer needs of the thread that it runs in. */
export interface TfjsTrainerOptions {
  /** Milliseconds of a monotonic clock, for the measured training time. */
  readonly nowMs: () => number;
  /** Lets other work of the thread run; called between steps, every few milliseconds. */
  readonly yieldToOthers: () => Promise<void>;
}

/**
 * Trains layers models in this thread by plain SGD. A model is built once and serves every device that shares the
 * trainer; requests run one after the other.
 */
export function createTfjsTrainer(runtime: TfjsRuntime, options: TfjsTrainerOptions): Trainer {
  registerTrainingKernels(runtime.core);
  const models = new TrainingModels(runtime);
  let queue: Promise<unknown> = Promise.resolve();
  return {
    form: "layers",
    train: (request, signal) => {
      const result = queue.then(async () => {
        requireWanted(signal);
        const model = await models.get(request.program, request.manifest.loss);
        return runPlan({ runtime, options, model }, request, signal);
      });
      queue = result.catch(() => undefined);
      return result;
    },
    close: async () => {
      await queue;
      models.close();
    },
  };
}

interface PlanContext {
  readonly runtime: TfjsRuntime;
  readonly options: TfjsTrainerOptions;
  readonly model: LoadedModel;
}

async function runPlan(
  { runtime, options, model }: PlanContext,
  request: TrainingRequest,
  signal: StopSignal,
): Promise<TrainingResult> {
  const startedAtMs = options.nowMs();
  const { plan, manifest, seed } = request;
  const batches = new ExampleBatches(manifest, request.examples, { ...plan, seed });
  const dropout = new DropoutSeeds(model.model);
  const random = createRandom(`${seed}/dropout`);
  const step = new TrainingStep(runtime.core, model, request);
  const lookUp = lookingUp(options);
  // Before every step, those that only measure too: whoever wants it stopped must be heard.
  const go = async (): Promise<void> => {
    await lookUp();
    requireWanted(signal);
  };
  const lossOn = async (batch: Record<string, BatchValue>): Promise<number> => {
    await go();
    return step.loss(batch);
  };
  try {
    const lossBefore = await sampleLoss(batches.sample(), lossOn);
    let steps = 0;
    for (const batch of batches.batches()) {
      await go();
      dropout.draw(random);
      await step.run(batch);
      steps += 1;
    }
    const lossAfter = await sampleLoss(batches.sample(), lossOn);
    const delta = await step.delta();
    const metrics = { steps, trainMs: options.nowMs() - startedAtMs, lossBefore, lossAfter };
    return { delta, numExamples: batches.numExamples, metrics };
  } catch (cause) {
    throw engineFailure("a training step failed", cause);
  } finally {
    step.dispose();
  }
}

function requireWanted(signal: StopSignal): void {
  if (signal.aborted) throw new FedgeError("TRAINING_INTERRUPTED", "training was stopped before its end");
}
