import { FedgeError } from "@fedge/protocol";
import { TensorCopies } from "../feature-log/tensor-copies.js";
import type { TensorValues } from "../ports/engine.js";
import { isAlike } from "../serving/check-outputs.js";
import type { LoadedModel, ModelHost, RequestShadow } from "../serving/model-host.js";

/** One comparison at a time, begun when the app has its answer. A request that comes while one runs is not compared. */
export class ShadowComparison implements RequestShadow {
  readonly #copies = new TensorCopies();
  #running: Promise<void> | null = null;

  constructor(
    private readonly candidate: LoadedModel,
    private readonly host: ModelHost,
  ) {}

  begin(inputs: TensorValues): ((outputs: TensorValues) => void) | null {
    if (this.#running !== null) return null;
    // The app may use its arrays again as soon as it has called.
    const kept = this.#copies.copyOf(inputs);
    return (outputs) => {
      this.#running ??= this.#compare(kept, outputs).finally(() => (this.#running = null));
    };
  }

  /** Resolves when none runs. */
  async settle(): Promise<void> {
    await this.#running;
  }

  async #compare(inputs: TensorValues, outputs: TensorValues): Promise<void> {
    const { manifest, session } = this.candidate;
    const { watch, active } = this.host;
    const compared = (outcome: "agreed" | "differed" | "failed"): void => {
      active?.counter?.compared(manifest.version, outcome);
      watch?.compared(outcome);
    };
    const isClassification = manifest.loss === "softmax-cross-entropy";
    try {
      const isSame = isAlike(outputs, await session.run(inputs), isClassification);
      compared(isSame ? "agreed" : "differed");
    } catch (error) {
      if (error instanceof FedgeError && error.code === "CLOSED") return;
      compared("failed");
    }
  }
}
