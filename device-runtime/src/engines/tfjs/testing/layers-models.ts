import { createRandom, type ModelManifest, type NamedTensor, type TrainingPlan } from "@fedge/protocol";
import type { layers as layerFactories, LayersModel, Sequential } from "@tensorflow/tfjs-layers";
import type { Examples, TrainingRequest } from "../../../core/ports/engine.js";
import type { TfjsRuntime } from "../runtime.js";

type Layer = Parameters<Sequential["add"]>[0];

/** A layers model as a device gets it. */
export interface ModelFixture {
  readonly manifest: ModelManifest;
  /** The layers topology. */
  readonly program: Uint8Array;
  readonly tensors: readonly NamedTensor[];
}

export interface FixtureOptions {
  readonly loss: string;
  readonly layers: (create: typeof layerFactories) => Layer[];
  /** Weights by name; others are small and seeded. */
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  readonly inputType?: "float32" | "int64";
  readonly targetType?: "float32" | "int64";
}

/** Topology, manifest and seeded weights of a sequential model. */
export function fixtureOf({ layers }: TfjsRuntime, options: FixtureOptions): ModelFixture {
  const model = layers.sequential();
  for (const layer of options.layers(layers.layers)) model.add(layer);
  model.build();
  const tensors = model.weights.map(({ originalName: name, shape }): NamedTensor => {
    return { name, elementType: "float32", shape: shape as number[], data: weightsOf(options, name, shape) };
  });
  const program = new TextEncoder().encode(model.toJSON(null) as string);
  const manifest = manifestOf(model, tensors, options);
  model.dispose();
  return { manifest, program, tensors };
}

function weightsOf(
  { weights = {} }: FixtureOptions,
  name: string,
  shape: readonly (number | null)[],
): Float32Array {
  const given = weights[name];
  if (given !== undefined) return Float32Array.from(given);
  const random = createRandom(name);
  const length = shape.reduce<number>((product, size) => product * (size ?? 1), 1);
  // Variances are positive; other weights are small, of either sign.
  const lowest = name.endsWith("variance") || name.endsWith("gamma") ? 0.5 : -0.3;
  return Float32Array.from({ length }, () => lowest + 0.6 * random.unit());
}

function manifestOf(
  model: LayersModel,
  tensors: readonly NamedTensor[],
  { loss, inputType = "float32", targetType = "float32" }: FixtureOptions,
): ModelManifest {
  return {
    parameters: tensors.map(({ name, shape, elementType }) => ({ name, shape, elementType })),
    state: [],
    inputs: [{ name: model.inputNames[0], elementType: inputType, shape: model.inputs[0]?.shape }],
    outputs: [{ name: model.outputNames[0], elementType: "float32", shape: model.outputs[0]?.shape }],
    target: { name: "target", elementType: targetType, shape: [null] },
    loss,
    proximal: false,
  } as unknown as ModelManifest;
}

export function requestOf(
  { manifest, program, tensors }: ModelFixture,
  plan: Partial<TrainingPlan>,
  examples: Examples,
): TrainingRequest {
  const defaults = {
    epochs: 1,
    batchSize: 2,
    learningRate: 0.5,
    proximalMu: 0,
    maxExamples: 10_000,
    seed: "s",
  };
  return {
    ...{ manifest, program, tensors, examples },
    ...{ programSha256: "none", seed: "seed" },
    plan: { ...defaults, ...plan },
  };
}
