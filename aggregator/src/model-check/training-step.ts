import type { TensorSpec, TrainingGraphs, ValueSpec } from "@fedge/onnx-autodiff";
import { createRandom, FedgeError, type Random } from "@fedge/protocol";
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { OnnxRuntime } from "../evaluation/evaluate.js";
import type { TrainingCheck } from "./prepared-model.js";
import { randomFeed, sizesOf, type FeedSizes } from "./random-feed.js";

const LEARNING_RATE = 1e-3;
const SESSION = { intraOpNumThreads: 1, interOpNumThreads: 1 } as const;

export type Feeds = Readonly<Record<string, Tensor>>;

export interface Trial {
  readonly runtime: OnnxRuntime;
  readonly graphs: TrainingGraphs;
  readonly sizes: FeedSizes;
  readonly random: Random;
}

/**
 * One training step on random examples. Throws TRAINING_FAILED when its loss or a parameter after it is not finite; an
 * error of the runtime passes.
 */
export async function checkStep(runtime: OnnxRuntime, graphs: TrainingGraphs): Promise<TrainingCheck> {
  const before = { peakBytes: process.resourceUsage().maxRSS * 1024, bytes: process.memoryUsage.rss() };
  const trial = trialOf(runtime, graphs);
  const { inputs, tensors } = modelFeeds(trial);
  const target = await randomTarget(trial, { ...inputs, ...tensors });
  const session = await runtime.InferenceSession.create(graphs.train, SESSION);
  const feeds = { ...inputs, ...tensors, [graphs.loss.target.name]: target, ...constants(trial, tensors) };
  const startedAtMs = performance.now();
  const outputs = await session.run(only(session.inputNames, feeds));
  const stepMs = performance.now() - startedAtMs;
  const loss = requireFinite(outputs, graphs);
  // Reading the model may have taken more for a while, and then the step does not show in the peak.
  const peakGrowth = process.resourceUsage().maxRSS * 1024 - before.peakBytes;
  const memoryBytes = Math.max(0, peakGrowth, process.memoryUsage.rss() - before.bytes);
  await session.release();
  return { batchSize: trial.sizes.batchSize, loss, stepMs, memoryBytes };
}

/** Random examples, always the same ones for the same model. */
export function trialOf(runtime: OnnxRuntime, graphs: TrainingGraphs): Trial {
  const sizes = sizesOf([...graphs.inputs, graphs.loss.target]);
  return { runtime, graphs, sizes, random: createRandom("training-check") };
}

/** Values for whatever a graph of the model may take beside the target: random inputs, and what training begins with. */
export function modelFeeds(trial: Trial): { readonly inputs: Feeds; readonly tensors: Feeds } {
  const { runtime, graphs } = trial;
  return {
    inputs: namedFeeds(graphs.inputs, (spec) => randomFeed(spec, trial)),
    tensors: namedFeeds([...graphs.parameters, ...graphs.state], (spec) => tensorOf(runtime, spec)),
  };
}

/** A target with the sizes that the model's output really has: not every one of them is known without a run. */
async function randomTarget({ runtime, graphs, sizes, random }: Trial, feeds: Feeds): Promise<Tensor> {
  const session = await runtime.InferenceSession.create(graphs.infer, SESSION);
  const outputs = await session.run(only(session.inputNames, feeds));
  const dims = outputs[graphs.outputs[0]?.name ?? ""]?.dims ?? [];
  await session.release();
  const { target } = graphs.loss;
  const shape = target.shape?.map((dim, axis) => (typeof dim === "number" ? dim : (dims[axis] ?? dim)));
  // The only class of a model with one output is 0.
  const wholesBelow = target.elementType === "int64" && dims.at(-1) === 1 ? 1 : 2;
  return randomFeed({ ...target, shape }, { runtime, sizes, random, wholesBelow });
}

function constants({ runtime }: Trial, tensors: Feeds): Record<string, Tensor> {
  const scalar = (value: number): Tensor => new runtime.Tensor("float32", Float32Array.of(value), []);
  const anchors = Object.entries(tensors).map(([name, tensor]) => [`${name}.anchor`, tensor] as const);
  return { ...Object.fromEntries(anchors), learning_rate: scalar(LEARNING_RATE), proximal_mu: scalar(0) };
}

function requireFinite(outputs: InferenceSession.OnnxValueMapType, graphs: TrainingGraphs): number {
  const loss = Number((outputs["loss"] as Tensor).data[0]);
  if (!Number.isFinite(loss)) fail(`its loss on random examples is ${loss}`);
  for (const { name } of graphs.parameters) {
    const next = (outputs[`${name}.next`] as Tensor).data as Float32Array;
    if (!next.every(Number.isFinite))
      fail(`it makes values of the parameter "${name}" infinite or no number`);
  }
  return loss;
}

function fail(cause: string): never {
  throw new FedgeError(
    "TRAINING_FAILED",
    `a training step of the model fails: ${cause}; check its initial weights and what its operators do to values in [0, 1]`,
  );
}

function tensorOf(runtime: OnnxRuntime, { elementType, data, shape }: TensorSpec): Tensor {
  return new runtime.Tensor(elementType as "float32", data as Float32Array, [...shape]);
}

function namedFeeds<S extends ValueSpec | TensorSpec>(
  specs: readonly S[],
  make: (spec: S) => Tensor,
): Record<string, Tensor> {
  return Object.fromEntries(specs.map((spec) => [spec.name, make(spec)]));
}

/** Those of the values that a graph with these inputs takes. */
export function only(names: readonly string[], feeds: Feeds): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => names.includes(name)));
}
