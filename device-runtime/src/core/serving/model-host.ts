import { FedgeError, type BlobRef, type ModelManifest, type ModelName } from "@fedge/protocol";
import type { ServingSession, TensorValues } from "../ports/engine.js";
import { toInputs, type ModelInputs } from "./check-inputs.js";

/** One answer of a model. */
export interface Prediction {
  readonly outputs: TensorValues;
  /** The version that answered. */
  readonly version: number;
  /** Names this prediction for what is noted of it later. */
  readonly id: string;
}

export interface LoadedModel {
  readonly manifest: ModelManifest;
  readonly manifestRef: BlobRef;
  readonly session: ServingSession;
}

/** Remembers predictions. */
export interface PredictionRecorder {
  /**
   * Called before the model runs, with what it will be given; what it returns is called with what came out, and names
   * the prediction.
   */
  begin(model: ModelName, version: number, inputs: TensorValues): (outputs: TensorValues) => string;
}

/** Answers requests for one model, and changes the version under them without dropping one. */
export class ModelHost {
  #active: LoadedModel | null = null;

  constructor(
    readonly model: ModelName,
    private readonly recorder: PredictionRecorder,
    /** Told of every request, before the model runs. */
    private readonly onRequest: () => void = () => undefined,
  ) {}

  get active(): LoadedModel | null {
    return this.#active;
  }

  /**
   * Throws MODEL_NOT_READY before the first version is here, MODEL_INPUT_INVALID, and ENGINE_FAILED.
   */
  async predict(given: ModelInputs): Promise<Prediction> {
    const active = this.#active;
    if (active === null) {
      throw new FedgeError(
        "MODEL_NOT_READY",
        `no version of "${this.model}" has arrived yet; wait for the "version" event`,
      );
    }
    const { version } = active.manifest;
    const inputs = toInputs(active.manifest.inputs, given);
    this.onRequest();
    const record = this.recorder.begin(this.model, version, inputs);
    const outputs = await active.session.run(inputs);
    return { outputs, version, id: record(outputs) };
  }

  /**
   * Serves the version from now on. Requests under way end on the one before; resolves when that is freed. The new
   * version serves whatever happens to the old one.
   */
  async swap(next: LoadedModel): Promise<void> {
    const before = this.#active;
    this.#active = next;
    await before?.session.close();
  }

  async close(): Promise<void> {
    const active = this.#active;
    this.#active = null;
    await active?.session.close();
  }
}
