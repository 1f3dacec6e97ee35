import { FedgeError, type NamedTensor, type TensorShape } from "@fedge/protocol";
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { StopSignal, Trainer, TrainingRequest, TrainingResult } from "../../core/ports/engine.js";
import { ExampleBatches } from "./example-batches.js";
import { createSession, engineFailure, type OnnxRuntime } from "./runtime.js";

export interface OnnxTrainerOptions {
  /** Milliseconds of a monotonic clock, for the measured training time. */
  readonly nowMs: () => number;
  /** Lets other work of the thread run; called between steps. */
  readonly yieldToOthers: () => Promise<void>;
}

/** Steps between two looks at the rest of the thread. */
const STEPS_PER_TURN = 8;

/**
 * Trains in this thread. A train graph is compiled once and serves every device that shares the trainer, because
 * weights are its inputs; requests run one after the other.
 */
export function createOnnxTrainer(runtime: OnnxRuntime, options: OnnxTrainerOptions): Trainer {
  const sessions = new Map<string, Promise<InferenceSession>>();
  let queue: Promise<unknown> = Promise.resolve();
  const sessionOf = (request: TrainingRequest): Promise<InferenceSession> => {
    const existing = sessions.get(request.trainGraphSha256);
    if (existing !== undefined) return existing;
    const created = createSession(runtime, request.trainGraph);
    sessions.set(request.trainGraphSha256, created);
    created.catch(() => sessions.delete(request.trainGraphSha256));
    return created;
  };
  return {
    train: (request, signal) => {
      const result = queue.then(async () => {
        requireWanted(signal);
        return runPlan({ runtime, options, session: await sessionOf(request) }, request, signal);
      });
      queue = result.catch(() => undefined);
      return result;
    },
    close: async () => {
      await queue;
      const open = [...sessions.values()];
      sessions.clear();
      for (const session of open) await (await session).release();
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
  const { plan, manifest } = request;
  const startedAtMs = context.options.nowMs();
  const batches = new ExampleBatches(context.runtime, manifest, request.examples, {
    ...plan,
    seed: request.seed,
  });
  const weights = new Weights(context.runtime, manifest, request.tensors);
  const constants = constantFeeds(context.runtime, request, weights);
  const losses = new LossTrack(batches.numSteps);
  for (const batch of batches.feeds()) {
    requireWanted(signal);
    const outputs = await runStep(
      context.session,
      { ...constants, ...weights.feeds(), ...batch },
      weights.fetches(),
    );
    weights.flip();
    losses.add(Number((outputs["loss"] as Tensor).data[0]));
    if (losses.numSteps % STEPS_PER_TURN === 0) await context.options.yieldToOthers();
  }
  const metrics = {
    steps: losses.numSteps,
    trainMs: context.options.nowMs() - startedAtMs,
    ...losses.firstAndLast(),
  };
  return { delta: weights.delta(), numExamples: batches.numExamples, metrics };
}

async function runStep(
  session: InferenceSession,
  feeds: Record<string, Tensor>,
  fetches: Record<string, Tensor | null>,
): Promise<InferenceSession.OnnxValueMapType> {
  try {
    return await session.run(feeds, fetches);
  } catch (cause) {
    throw engineFailure("a training step failed", cause);
  }
}

function constantFeeds(
  runtime: OnnxRuntime,
  { plan, manifest }: TrainingRequest,
  weights: Weights,
): Record<string, Tensor> {
  const scalar = (value: number): Tensor => new runtime.Tensor("float32", new Float32Array([value]), []);
  if (plan.proximalMu > 0 && !manifest.proximal) {
    throw new FedgeError("TRAINING_FAILED", "the plan wants a FedProx term and the train graph has none");
  }
  const feeds = { learning_rate: scalar(plan.learningRate) };
  return manifest.proximal ? { ...feeds, proximal_mu: scalar(plan.proximalMu), ...weights.anchors() } : feeds;
}

function requireWanted(signal: StopSignal): void {
  if (signal.aborted) throw new FedgeError("TRAINING_INTERRUPTED", "training was stopped before its end");
}

/** Loss of the first and the last tenth of the steps: single batches of ten say little. */
class LossTrack {
  readonly #losses: number[] = [];

  constructor(private readonly numExpected: number) {}

  get numSteps(): number {
    return this.#losses.length;
  }

  add(loss: number): void {
    this.#losses.push(loss);
  }

  firstAndLast(): { lossFirst: number | null; lossLast: number | null } {
    const window = Math.max(1, Math.floor(this.numExpected / 10));
    return { lossFirst: mean(this.#losses.slice(0, window)), lossLast: mean(this.#losses.slice(-window)) };
  }
}

function mean(values: readonly number[]): number | null {
  const sum = values.reduce((total, value) => total + value, 0);
  return values.length > 0 && Number.isFinite(sum) ? sum / values.length : null;
}

/** Parameters and client state in two sets of buffers: a step reads one and writes the other. */
class Weights {
  readonly #base: ReadonlyMap<string, NamedTensor>;
  #current: Record<string, Tensor>;
  #next: Record<string, Tensor>;

  constructor(
    private readonly runtime: OnnxRuntime,
    private readonly manifest: {
      readonly parameters: readonly TensorShape[];
      readonly state: readonly TensorShape[];
    },
    tensors: readonly NamedTensor[],
  ) {
    this.#base = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    this.#current = this.#buffers((data) => data.slice());
    this.#next = this.#buffers((data) => new Float32Array(data.length));
  }

  feeds(): Record<string, Tensor> {
    return this.#current;
  }

  fetches(): Record<string, Tensor | null> {
    const entries = Object.entries(this.#next).map(([name, tensor]) => [`${name}.next`, tensor] as const);
    return { loss: null, ...Object.fromEntries(entries) };
  }

  flip(): void {
    [this.#current, this.#next] = [this.#next, this.#current];
  }

  anchors(): Record<string, Tensor> {
    const entries = this.manifest.parameters.map(({ name, shape }) => {
      return [`${name}.anchor`, new this.runtime.Tensor("float32", this.#baseData(name), shape)] as const;
    });
    return Object.fromEntries(entries);
  }

  /** Local minus base, flat. */
  delta(): Float32Array {
    const parts = this.manifest.parameters.map(({ name }) => {
      const base = this.#baseData(name);
      const local = (this.#current[name] as Tensor).data as Float32Array;
      return local.map((value, at) => value - (base[at] as number));
    });
    const flat = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      flat.set(part, at);
      at += part.length;
    }
    return flat;
  }

  #buffers(make: (data: Float32Array) => Float32Array): Record<string, Tensor> {
    const specs = [...this.manifest.parameters, ...this.manifest.state];
    const entries = specs.map(({ name, shape }) => {
      return [name, new this.runtime.Tensor("float32", make(this.#baseData(name)), shape)] as const;
    });
    return Object.fromEntries(entries);
  }

  #baseData(name: string): Float32Array {
    const tensor = this.#base.get(name);
    if (tensor === undefined || !(tensor.data instanceof Float32Array)) {
      throw new FedgeError("TRAINING_FAILED", `the checkpoint has no float32 tensor "${name}"`);
    }
    return tensor.data;
  }
}
