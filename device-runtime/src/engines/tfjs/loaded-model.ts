import { FedgeError, type NamedTensor } from "@fedge/protocol";
import type { Tensor, Variable } from "@tensorflow/tfjs-core";
import type { LayersModel, Sequential } from "@tensorflow/tfjs-layers";
import { engineFailure, type TfjsRuntime } from "./runtime.js";
import type { LayerConfig } from "./topology.js";

/** A layers model with its weights under the names that the topology gives them, such as `dense/kernel`. */
export class LoadedModel {
  readonly weights: ReadonlyMap<string, Variable>;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];

  private constructor(
    private readonly runtime: TfjsRuntime,
    readonly model: LayersModel,
  ) {
    this.inputNames = model.inputNames;
    this.outputNames = model.outputNames;
    this.weights = weightsByName(model);
  }

  /** Throws ENGINE_FAILED when tfjs refuses the topology or the model has no input shape. */
  static async build(runtime: TfjsRuntime, topology: LayerConfig): Promise<LoadedModel> {
    try {
      const artifacts = { modelTopology: { ...topology } };
      const model = await runtime.layers.loadLayersModel({ load: () => Promise.resolve(artifacts) });
      // A sequential model knows its inputs only when it is built, which fails where it has no input shape.
      if (!model.built) (model as Sequential).build();
      return new LoadedModel(runtime, model);
    } catch (cause) {
      throw engineFailure("the layers model cannot be built", cause);
    }
  }

  /** Takes every weight from the checkpoint. Throws ENGINE_FAILED when one is missing or of another type or size. */
  setWeights(checkpoint: readonly NamedTensor[]): void {
    const byName = new Map(checkpoint.map((tensor) => [tensor.name, tensor]));
    const { core } = this.runtime;
    for (const [name, variable] of this.weights) {
      const tensor = byName.get(name);
      if (!(tensor?.data instanceof Float32Array) || tensor.data.length !== variable.size) {
        const wanted = `float32 tensor "${name}" of shape [${variable.shape.join(", ")}]`;
        throw new FedgeError("ENGINE_FAILED", `the checkpoint has no ${wanted}`);
      }
      const value = core.tensor(tensor.data, variable.shape, "float32");
      variable.assign(value);
      value.dispose();
    }
  }

  /** Outputs in the model's order; the caller owns them and tidies up what lies between. */
  run(inputs: readonly Tensor[], options: { readonly training: boolean }): Tensor[] {
    const outputs = this.model.apply([...inputs], { ...options }) as Tensor | Tensor[];
    return Array.isArray(outputs) ? outputs : [outputs];
  }

  /** Not to be called twice. */
  dispose(): void {
    this.model.dispose();
  }
}

function weightsByName(model: LayersModel): ReadonlyMap<string, Variable> {
  // `read` gives the variable itself, which gradients are taken of.
  const entries = model.weights.map((weight) => [weight.originalName, weight.read() as Variable] as const);
  const byName = new Map(entries);
  if (byName.size !== entries.length) {
    throw new FedgeError("ENGINE_FAILED", "two weights of the layers model have the same name");
  }
  return byName;
}
