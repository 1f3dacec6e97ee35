import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { LossOptions } from "../losses/loss.js";
import { decodeModel } from "../onnx/model.js";
import type { OptimizerOptions } from "../optimizers/registry.js";
import { float32, int64, numbersOf, openGraph, scalarOf, type Feed } from "../testing/run-graph.js";
import { buildTrainingGraphs, type TrainingGraphs } from "./build-training-graphs.js";

interface RecordedTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  readonly integer: boolean;
}

/** What `fixtures/make_catalogue.py` recorded of PyTorch. */
interface Recording {
  readonly loss: LossOptions;
  readonly optimizer: { readonly kind: OptimizerOptions["kind"]; readonly lr: number } & Readonly<
    Record<string, unknown>
  >;
  readonly clip: number | null;
  readonly trainable: string | null;
  readonly x: RecordedTensor;
  readonly t: RecordedTensor;
  readonly losses: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}

const DIRECTORY = new URL("../../fixtures/catalogue/", import.meta.url);
const NAMES = readdirSync(DIRECTORY).flatMap((file) => (file.endsWith(".onnx") ? [file.slice(0, -5)] : []));

const modelOf = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`${name}.onnx`, DIRECTORY)));

function recordingOf(name: string): Recording {
  return JSON.parse(readFileSync(new URL(`${name}.json`, DIRECTORY), "utf8")) as Recording;
}

function optimizerOf({ optimizer }: Recording): OptimizerOptions {
  const { kind, weight_decay: weightDecay = 0, betas = [0.9, 0.999], eps: epsilon = 1e-8 } = optimizer;
  const [beta1 = 0.9, beta2 = 0.999] = betas as readonly number[];
  if (kind === "sgd") return { kind };
  return { kind, beta1, beta2, epsilon: epsilon as number, weightDecay: weightDecay as number };
}

function graphsOf(name: string, recording: Recording): TrainingGraphs {
  return buildTrainingGraphs(modelOf(name), {
    loss: recording.loss,
    optimizer: optimizerOf(recording),
    outputGradients: true,
    ...(recording.clip === null ? {} : { clipNorm: recording.clip }),
    ...(recording.trainable === null ? {} : { trainable: recording.trainable }),
  });
}

const feedOf = ({ shape, data, integer }: RecordedTensor): Feed =>
  integer ? int64(shape, data) : float32(shape, data);

async function train(
  graphs: TrainingGraphs,
  recording: Recording,
): Promise<{
  readonly losses: readonly number[];
  readonly gradients: ReadonlyMap<string, readonly number[]>;
  readonly parameters: ReadonlyMap<string, readonly number[]>;
}> {
  const runner = await openGraph(graphs.train);
  const tensors = [...graphs.parameters, ...graphs.state];
  const feeds: Record<string, Feed> = {
    input: feedOf(recording.x),
    target: feedOf(recording.t),
    learning_rate: float32([], [recording.optimizer.lr]),
    ...Object.fromEntries(tensors.map(({ name, ...tensor }) => [name, tensor])),
  };
  const losses: number[] = [];
  let gradients: ReadonlyMap<string, readonly number[]> = new Map();
  for (let step = 0; step < recording.losses.length; step++) {
    const results = await runner.run(feeds);
    losses.push(scalarOf(results["loss"]));
    if (step === 0) {
      gradients = new Map(graphs.parameters.map(({ name }) => [name, numbersOf(results[`${name}.grad`])]));
    }
    for (const { name } of tensors) feeds[name] = results[`${name}.next`] ?? float32([0], []);
  }
  await runner.close();
  return {
    losses,
    gradients,
    parameters: new Map(tensors.map(({ name }) => [name, numbersOf(feeds[name])])),
  };
}

/** Largest difference relative to the largest wanted number; a gradient of zeros must be one. */
function relativeError(actual: readonly number[] | undefined, wanted: readonly number[]): number {
  expect(actual?.length).toBe(wanted.length);
  const largest = Math.max(...wanted.map(Math.abs));
  const worst = Math.max(...wanted.map((value, index) => Math.abs(value - (actual?.[index] ?? NaN))));
  return largest === 0 ? worst : worst / largest;
}

/** float32 carries about 6e-8 per operation; these leave room for sums in another order. */
const LOSS_TOLERANCE = 1e-5;
const GRADIENT_TOLERANCE = 1e-4;

/**
 * Parameters that only shift or scale what a normalization takes away again have a gradient that is rounding, in
 * PyTorch as here: below this part of the model's largest gradient, they are compared with that one.
 */
const ROUNDING = 1e-5;

describe.each(NAMES)("the model %s exported by torch.onnx.export", (name) => {
  const recording = recordingOf(name);

  test("has PyTorch's losses, first gradients, and parameters after five steps", async () => {
    const { losses, gradients, parameters } = await train(graphsOf(name, recording), recording);
    const scale = Math.max(...Object.values(recording.gradients).flat().map(Math.abs));

    expect([...gradients.keys()].sort()).toEqual(Object.keys(recording.gradients).sort());
    for (const [tensor, wanted] of Object.entries(recording.gradients)) {
      const isRounding = Math.max(...wanted.map(Math.abs)) < ROUNDING * scale;
      const reference = isRounding ? [...wanted, scale] : wanted;
      const actual = gradients.get(tensor);
      const error = relativeError(isRounding ? [...(actual ?? []), scale] : actual, reference);
      expect({ tensor, isClose: error < GRADIENT_TOLERANCE, error }).toEqual({
        tensor,
        isClose: true,
        error,
      });
    }
    losses.forEach((loss, step) => {
      expect(Math.abs(loss / (recording.losses[step] ?? NaN) - 1)).toBeLessThan(LOSS_TOLERANCE);
    });
    for (const [tensor, wanted] of Object.entries(recording.parameters)) {
      expect(relativeError(parameters.get(tensor), wanted)).toBeLessThan(GRADIENT_TOLERANCE);
    }
  });
});

test("the catalogue holds every operator that PyTorch exports for the models that devices train", () => {
  const seen = new Set(
    NAMES.flatMap((name) => decodeModel(modelOf(name)).graph.nodes.map((node) => node.opType)),
  );

  expect(WANTED.filter((type) => !seen.has(type))).toEqual([]);
});

const WANTED =
  "Abs Add AveragePool BatchNormalization Clip Concat Constant Conv ConvTranspose Cos Div Elu Equal Erf Exp Expand Flatten GRU Gather GatherElements Gemm GlobalAveragePool HardSigmoid HardSwish InstanceNormalization LSTM LayerNormalization LeakyRelu Log MatMul Max MaxPool Min Mul Neg PRelu Pad Pow RNN Reciprocal ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Relu Reshape Selu Shape Sigmoid Sin Slice Softmax Softplus Split Sqrt Squeeze Sub Tanh Tile Transpose Unsqueeze Where".split(
    " ",
  );
