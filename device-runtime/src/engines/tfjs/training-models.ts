import { LoadedModel } from "./loaded-model.js";
import { lossOf } from "./losses.js";
import type { TfjsRuntime } from "./runtime.js";
import { readTopology, withoutFinalActivation } from "./topology.js";

/** A device trains one or two models; more topologies than this are old ones. */
const MAX_BUILT = 4;

/**
 * Models by topology and loss, built once for all devices that share the trainer. Holds the latest few. Not for
 * overlapping use: a model may be freed as soon as another is asked for.
 */
export class TrainingModels {
  readonly #models = new Map<string, LoadedModel>();

  constructor(private readonly runtime: TfjsRuntime) {}

  /** The model, ending in what the loss is taken of. Throws ENGINE_FAILED or, for the loss, TRAINING_FAILED. */
  async get(topology: Uint8Array, lossName: string | undefined): Promise<LoadedModel> {
    const key = `${lossName} ${new TextDecoder().decode(topology)}`;
    const model = this.#models.get(key) ?? (await this.#build(topology, lossName));
    this.#models.delete(key);
    this.#models.set(key, model);
    if (this.#models.size > MAX_BUILT) this.#disposeOldest();
    return model;
  }

  close(): void {
    while (this.#models.size > 0) this.#disposeOldest();
  }

  #build(topology: Uint8Array, lossName: string | undefined): Promise<LoadedModel> {
    const config = readTopology(topology);
    const { absorbs } = lossOf(lossName);
    if (absorbs !== undefined) withoutFinalActivation(config, absorbs);
    return LoadedModel.build(this.runtime, config);
  }

  #disposeOldest(): void {
    const [oldest] = this.#models;
    if (oldest === undefined) return;
    const [key, model] = oldest;
    this.#models.delete(key);
    model.dispose();
  }
}
