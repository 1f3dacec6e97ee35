import { FedgeError } from "@fedge/protocol";
import { TensorCopies } from "../feature-log/tensor-copies.js";
import type { Comparison } from "../monitor/prediction-watch.js";
import type { TensorValues } from "../ports/engine.js";
import { isAlike } from "../serving/check-outputs.js";
import type { LoadedModel, ModelHost, Prediction, RequestShadow } from "../serving/model-host.js";

/** One comparison at a time, begun when the app gets its answer. A request that comes while one runs is not compared. */
export class ShadowComparison implements RequestShadow {
  readonly #copies = new TensorCopies();
  #running: Promise<void> | null = null;

  constructor(
    private readonly candidate: LoadedModel,
    private readonly host: ModelHost,
  ) {}

  get version(): number {
    return this.candidate.manifest.version;
  }

  begin(inputs: TensorValues): ((answered: Prediction) => void) | null {
    if (this.#running !== null) return null;
    // The app may use its arrays again as soon as it has called, and those of its answer as soon as it has them.
    const kept = this.#copies.copyOf(inputs);
    return (answered) => {
      if (this.#running !== null) return;
      const served = { ...answered, outputs: this.#copies.copyOf(answered.outputs) };
      this.#running = this.#compare(kept, served).finally(() => (this.#running = null));
    };
  }

  /** Resolves when none runs. */
  async settle(): Promise<void> {
    await this.#running;
  }

  async #compare(inputs: TensorValues, served: Prediction): Promise<void> {
    const { manifest, session } = this.candidate;
    const { watch, active } = this.host;
    const compared = (outcome: Comparison["outcome"], shadowOutputs: TensorValues | null): void => {
      active?.counter?.compared(manifest.version, outcome);
      watch?.compared({ outcome, served, shadowVersion: manifest.version, shadowOutputs });
    };
    const isClassification = manifest.loss === "softmax-cross-entropy";
    let outputs: TensorValues;
    try {
      outputs = await session.run(inputs);
    } catch (error) {
      if (error instanceof FedgeError && error.code === "CLOSED") return;
      return compared("failed", null);
    }
    compared(isAlike(served.outputs, outputs, isClassification) ? "agreed" : "differed", outputs);
  }
}
