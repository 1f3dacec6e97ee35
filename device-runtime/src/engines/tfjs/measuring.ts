import { FedgeError, type ElementType, type ModelManifest } from "@fedge/protocol";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { ServingBundle, ServingSession, TensorValue, TensorValues } from "../../core/ports/engine.js";
import { LoadedModel } from "./loaded-model.js";
import { lossOf, requireClassIndices, type TfjsLoss } from "./losses.js";
import { engineFailure, type TfjsRuntime } from "./runtime.js";
import { readTopology, withoutFinalActivation } from "./topology.js";
import { inputTensors, portNames, toTensor } from "./values.js";

/** Outputs of an eval graph; the last one of losses with right answers only. */
const SUMS = ["loss_sum", "count", "correct"] as const;

/** A session that gives what an eval graph gives: `loss_sum`, `count` and, for classes, `correct`. */
export async function loadMeasuring(
  runtime: TfjsRuntime,
  { manifest, program, tensors }: ServingBundle,
): Promise<ServingSession> {
  const loss = lossOf(manifest.loss);
  const config = readTopology(program);
  if (loss.absorbs !== undefined) withoutFinalActivation(config, loss.absorbs);
  const model = await LoadedModel.build(runtime, config);
  try {
    model.setWeights(tensors);
    return new MeasuringSession(runtime, model, { manifest, loss });
  } catch (error) {
    model.dispose();
    throw error;
  }
}

class MeasuringSession implements ServingSession {
  readonly #elementTypes: ReadonlyMap<string, ElementType>;
  readonly #inputNames: readonly string[];
  readonly #targetName: string;
  #isClosed = false;

  constructor(
    private readonly runtime: TfjsRuntime,
    private readonly model: LoadedModel,
    private readonly parts: { readonly manifest: ModelManifest; readonly loss: TfjsLoss },
  ) {
    const { inputs, target } = parts.manifest;
    this.#targetName = target?.name ?? "";
    const own = inputs.filter(({ name }) => name !== this.#targetName);
    this.#elementTypes = new Map(inputs.map((input) => [input.name, input.elementType]));
    this.#inputNames = portNames("inputs", model.inputNames, own);
  }

  async run(inputs: TensorValues): Promise<TensorValues> {
    if (this.#isClosed) throw new FedgeError("CLOSED", "this model version is no longer loaded");
    const { core } = this.runtime;
    try {
      const sums = core.tidy(() => this.#measure(inputs));
      const read = await Promise.all(sums.map((sum) => sum.data())).finally(() => core.dispose(sums));
      const values = read.map(([value = Number.NaN], at) => [SUMS[at] ?? "", scalarOf(value)] as const);
      return Object.fromEntries(values);
    } catch (cause) {
      throw engineFailure("the model could not be measured", cause);
    }
  }

  close(): Promise<void> {
    if (!this.#isClosed) this.model.dispose();
    this.#isClosed = true;
    return Promise.resolve();
  }

  /** In the order of `SUMS`. */
  #measure(values: TensorValues): Tensor[] {
    const { core } = this.runtime;
    const { loss } = this.parts;
    const inputs = inputTensors(core, this.#inputNames, this.#elementTypes, values);
    const [prediction, ...others] = this.model.run(inputs, { training: false });
    if (prediction === undefined || others.length > 0)
      throw new FedgeError("MODEL_INCOMPATIBLE", "a model to measure has one output");
    const target = this.#target(values[this.#targetName], prediction);
    const numTerms = loss.absorbs === "softmax" ? target.size : prediction.size;
    const lossSum = core.mul(loss.mean(core, prediction, target), numTerms);
    const correct = loss.correct?.(core, prediction, target);
    return [lossSum, core.scalar(numTerms, "int32"), ...(correct === undefined ? [] : [correct])];
  }

  #target(value: TensorValue | undefined, prediction: Tensor): Tensor {
    if (value === undefined) throw new FedgeError("ENGINE_FAILED", `there is no "${this.#targetName}"`);
    const numClasses = prediction.shape.at(-1) ?? 1;
    if (this.parts.loss.absorbs === "softmax") requireClassIndices(value.data, numClasses);
    const elementType = this.#elementTypes.get(this.#targetName) ?? this.parts.manifest.target?.elementType;
    return toTensor(this.runtime.core, elementType ?? "float32", value);
  }
}

/** A number as the eval graph's outputs are: no shape, one value. */
function scalarOf(value: number): TensorValue {
  return { shape: [], data: Float64Array.of(value) };
}
