import { FedgeError, flattenTensors, type ElementType, type NamedTensor } from "@fedge/protocol";
import type { NamedTensorMap, Scalar, Tensor, Variable } from "@tensorflow/tfjs-core";
import type { TrainingRequest } from "../../core/ports/engine.js";
import type { BatchValue } from "../training/example-batches.js";
import type { LoadedModel } from "./loaded-model.js";
import { lossOf, requireClassIndices, type TfjsLoss } from "./losses.js";
import type { TfjsCore } from "./runtime.js";
import { inputTensors, portNames, toTensor } from "./values.js";

/**
 * SGD steps of one local training, from the checkpoint's weights on. Trained are the manifest's parameters that the
 * topology leaves trainable; moving statistics follow the batches, and everything else stays as it is.
 */
export class TrainingStep {
  readonly #loss: TfjsLoss;
  readonly #inputNames: readonly string[];
  readonly #elementTypes: ReadonlyMap<string, ElementType>;
  readonly #trained: readonly Variable[];
  readonly #anchors: ReadonlyMap<string, Tensor>;

  /** Throws ENGINE_FAILED for a checkpoint that lacks a weight, TRAINING_FAILED when there is nothing to train. */
  constructor(
    private readonly tf: TfjsCore,
    private readonly model: LoadedModel,
    private readonly request: TrainingRequest,
  ) {
    const { manifest, plan, tensors } = request;
    this.#loss = lossOf(manifest.loss);
    this.#inputNames = portNames("inputs", model.inputNames, manifest.inputs);
    this.#elementTypes = new Map(manifest.inputs.map((input) => [input.name, input.elementType]));
    this.#trained = trainedWeights(model, manifest.parameters);
    model.setWeights(tensors);
    this.#anchors = new Map(
      plan.proximalMu > 0 ? this.#trained.map((variable) => [variable.name, tf.clone(variable)]) : [],
    );
  }

  /** Takes one step. */
  async run(batch: Readonly<Record<string, BatchValue>>): Promise<void> {
    const loss = this.tf.tidy(() => {
      const inputs = inputTensors(this.tf, this.#inputNames, this.#elementTypes, batch);
      const target = this.#target(batch);
      const { value, grads } = this.tf.variableGrads(() => this.#lossOf(inputs, target), [...this.#trained]);
      this.#descend(grads);
      return value;
    });
    await numberOf(loss);
  }

  /**
   * The batch's mean loss with the weights as they are, without dropout and the FedProx term. Changes nothing: in training
   * mode the moving statistics would follow the batch.
   */
  async loss(batch: Readonly<Record<string, BatchValue>>): Promise<number> {
    return numberOf(
      this.tf.tidy(() => {
        const inputs = inputTensors(this.tf, this.#inputNames, this.#elementTypes, batch);
        return this.#lossOf(inputs, this.#target(batch), false);
      }),
    );
  }

  /** Local minus base parameters, flat, in the manifest's order. */
  async delta(): Promise<Float32Array> {
    const { parameters } = this.request.manifest;
    const locals = parameters.map(async ({ name, shape }): Promise<NamedTensor> => {
      const data = (await this.#weight(name).data()) as Float32Array<ArrayBuffer>;
      return { name, elementType: "float32", shape, data };
    });
    const delta = flattenTensors(parameters, await Promise.all(locals));
    const base = flattenTensors(parameters, this.request.tensors);
    for (let at = 0; at < delta.length; at += 1) delta[at] = (delta[at] as number) - (base[at] as number);
    return delta;
  }

  dispose(): void {
    this.tf.dispose([...this.#anchors.values()]);
  }

  #lossOf(inputs: readonly Tensor[], target: Tensor, training = true): Scalar {
    const [prediction, ...others] = this.model.run(inputs, { training });
    if (prediction === undefined || others.length > 0) {
      throw new FedgeError("TRAINING_FAILED", "a model to train has one output");
    }
    return this.#loss.mean(this.tf, prediction, target) as Scalar;
  }

  /** w - rate (gradient + mu (w - base)). */
  #descend(gradients: NamedTensorMap): void {
    const { learningRate, proximalMu } = this.request.plan;
    for (const variable of this.#trained) {
      const gradient = gradients[variable.name];
      if (gradient === undefined || gradient === null) continue;
      const anchor = this.#anchors.get(variable.name);
      const pull = anchor === undefined ? null : this.tf.mul(this.tf.sub(variable, anchor), proximalMu);
      const whole = pull === null ? gradient : this.tf.add(gradient, pull);
      variable.assign(this.tf.sub(variable, this.tf.mul(whole, learningRate)));
    }
  }

  #target(batch: Readonly<Record<string, BatchValue>>): Tensor {
    const value = batch[this.request.manifest.target?.name ?? ""];
    if (value === undefined) throw new FedgeError("TRAINING_FAILED", "the model has no target to train on");
    const numClasses = this.model.model.outputs[0]?.shape.at(-1);
    if (this.#loss.absorbs === "softmax" && typeof numClasses === "number") {
      requireClassIndices(value.data, numClasses);
    }
    return toTensor(this.tf, value.elementType, value);
  }

  #weight(name: string): Variable {
    const weight = this.model.weights.get(name);
    if (weight === undefined)
      throw new FedgeError("ENGINE_FAILED", `the layers model has no weight "${name}"`);
    return weight;
  }
}

/** Waits for the backend: what was asked of it is done when its number is here. */
async function numberOf(scalar: Scalar): Promise<number> {
  const [value] = await scalar.data();
  scalar.dispose();
  return value ?? Number.NaN;
}

function trainedWeights(model: LoadedModel, parameters: readonly { readonly name: string }[]): Variable[] {
  const names = new Set(parameters.map((parameter) => parameter.name));
  const trained = [...model.weights].filter(([name, weight]) => names.has(name) && weight.trainable);
  if (trained.length === 0) throw new FedgeError("TRAINING_FAILED", "no parameter of the model is trainable");
  return trained.map(([, weight]) => weight);
}
