import { FedgeError, type ElementType, type ModelManifest } from "@fedge/protocol";
import type { ServingEngine, ServingSession, TensorValue, TensorValues } from "../../core/ports/engine.js";
import { registerTrainingKernels } from "./kernels/register-training-kernels.js";
import { LoadedModel } from "./loaded-model.js";
import { loadMeasuring } from "./measuring.js";
import { engineFailure, type TfjsRuntime } from "./runtime.js";
import { readTopology } from "./topology.js";
import { fromTensor, inputTensors, portNames } from "./values.js";

/** Serves layers models on the started backend; `name` says which one and its version. */
export function createTfjsServing(runtime: TfjsRuntime, name: string): ServingEngine {
  registerTrainingKernels(runtime.core);
  return {
    name,
    form: "layers",
    load: async (bundle) => {
      if (bundle.isMeasured === true) return loadMeasuring(runtime, bundle);
      const { manifest, program, tensors } = bundle;
      const model = await LoadedModel.build(runtime, readTopology(program));
      try {
        model.setWeights(tensors);
        return new TfjsServingSession(runtime, model, manifest);
      } catch (error) {
        model.dispose();
        throw error;
      }
    },
  };
}

class TfjsServingSession implements ServingSession {
  readonly #elementTypes: ReadonlyMap<string, ElementType>;
  readonly #inputNames: readonly string[];
  readonly #outputNames: readonly string[];
  #isClosed = false;

  constructor(
    private readonly runtime: TfjsRuntime,
    private readonly model: LoadedModel,
    manifest: ModelManifest,
  ) {
    this.#elementTypes = new Map(manifest.inputs.map((input) => [input.name, input.elementType]));
    this.#inputNames = portNames("inputs", model.inputNames, manifest.inputs);
    this.#outputNames = portNames("outputs", model.outputNames, manifest.outputs);
  }

  async run(inputs: TensorValues): Promise<TensorValues> {
    if (this.#isClosed) throw new FedgeError("CLOSED", "this model version is no longer loaded");
    const { core } = this.runtime;
    try {
      // Nothing of the model is used after this, so that it may be closed while outputs are read.
      const outputs = core.tidy(() => {
        const tensors = inputTensors(core, this.#inputNames, this.#elementTypes, inputs);
        return this.model.run(tensors, { training: false });
      });
      const values = await Promise.all(outputs.map(fromTensor)).finally(() => core.dispose(outputs));
      const entries = values.map((value, at): [string, TensorValue] => [this.#outputNames[at] ?? "", value]);
      return Object.fromEntries(entries);
    } catch (cause) {
      throw engineFailure("the model could not answer", cause);
    }
  }

  close(): Promise<void> {
    if (!this.#isClosed) this.model.dispose();
    this.#isClosed = true;
    return Promise.resolve();
  }
}
