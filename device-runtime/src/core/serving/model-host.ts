import { FedgeError, type BlobRef, type ModelManifest, type ModelName } from "@fedge/protocol";
import type { ServingSession, TensorValues } from "../ports/engine.js";
import type { PredictionWatch } from "../monitor/prediction-watch.js";
import { deviceClosed } from "../device-closed.js";
import { hasNoNumber } from "./check-outputs.js";
import { toInputs, type ModelInputs } from "./check-inputs.js";
import type { ServingCounter } from "./serving-counter.js";

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

/** A version with what counts its work and which release brought it; neither in a host of its own. */
export interface ServedModel extends LoadedModel {
  /** 0 for what came with the app. */
  readonly releaseCounter?: number;
  readonly counter?: ServingCounter;
}

/** Remembers predictions. */
export interface PredictionRecorder {
  /**
   * Called while the model runs, with what it was given, before the app can change that; what it returns is called with
   * what came out, and names the prediction.
   */
  begin(model: ModelName, version: number, inputs: TensorValues): (outputs: TensorValues) => string;
}

/** Gives a second version the same requests, and never changes or delays an answer. */
export interface RequestShadow {
  readonly version: number;
  /** Called before the model runs; what it returns is called with the answer, before the app has it. */
  begin(inputs: TensorValues): ((answered: Prediction) => void) | null;
}

export interface ModelHostParts {
  readonly model: ModelName;
  readonly recorder: PredictionRecorder;
  /** Told of every request, once the model runs. */
  readonly onRequest?: () => void;
  /** Told when the version in use has answered, or could not. */
  readonly onServed?: () => void;
  /** A clock that only goes forward, microseconds. */
  readonly nowUs?: () => number;
}

/** Answers requests for one model, and changes the version under them without dropping one. */
export class ModelHost {
  #active: ServedModel | null = null;
  /** The version before one that is on trial; it answers what that cannot. */
  #before: ServedModel | null = null;
  #isOnTrial = false;
  #isClosed = false;
  /** Compares with another version, as long as a rollout wants that. */
  shadow: RequestShadow | null = null;
  /** Counts what the version in use sees, where it has a reference to compare with. */
  watch: PredictionWatch | null = null;

  constructor(private readonly parts: ModelHostParts) {}

  get model(): ModelName {
    return this.parts.model;
  }

  get active(): ServedModel | null {
    return this.#active;
  }

  /** The version that would serve again without loading anything; null when there is none. */
  get before(): ServedModel | null {
    return this.#before;
  }

  /**
   * Throws MODEL_NOT_READY before the first version is here, MODEL_INPUT_INVALID, ENGINE_FAILED and CLOSED.
   */
  async predict(given: ModelInputs): Promise<Prediction> {
    const active = this.#active;
    if (active === null) {
      if (this.#isClosed) throw deviceClosed();
      throw new FedgeError(
        "MODEL_NOT_READY",
        `no version of "${this.model}" is here that works; wait for the "version" event`,
      );
    }
    const inputs = toInputs(active.manifest.inputs, given);
    const compare = this.shadow?.begin(inputs) ?? null;
    const prediction = this.#isOnTrial
      ? await this.#tried(active, inputs, given)
      : await this.#answer(active, inputs);
    compare?.(prediction);
    return prediction;
  }

  /**
   * Serves the version from now on. Requests under way end on the one before; resolves when that is freed. The new
   * version serves whatever happens to the old one.
   */
  async swap(next: ServedModel): Promise<void> {
    const freed = [this.#active, this.#before];
    this.#active = next;
    this.#before = null;
    this.#isOnTrial = false;
    await closeAll(freed);
  }

  /** Serves the version on trial: the one before stays loaded, and answers what the new one cannot. */
  async try(next: ServedModel): Promise<void> {
    const freed = this.#before;
    this.#before = this.#active;
    this.#active = next;
    this.#isOnTrial = true;
    await freed?.session.close();
  }

  /** The version in use stays; frees the one before. */
  async settle(): Promise<void> {
    const freed = this.#before;
    this.#before = null;
    this.#isOnTrial = false;
    await freed?.session.close();
  }

  /** The version before serves again, at once; frees the one that was tried. Does nothing when there is none. */
  async revert(): Promise<void> {
    const freed = this.#active;
    if (this.#before === null) return;
    this.#active = this.#before;
    this.#before = null;
    this.#isOnTrial = false;
    await freed?.session.close();
  }

  /** Nothing serves any more. */
  async clear(): Promise<void> {
    const freed = [this.#active, this.#before];
    this.#active = null;
    this.#before = null;
    this.#isOnTrial = false;
    await closeAll(freed);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.clear();
  }

  async #answer(active: ServedModel, inputs: TensorValues): Promise<Prediction> {
    const { version } = active.manifest;
    const beganUs = this.#nowUs();
    const running = active.session.run(inputs);
    const { record, watched } = this.#remember(version, inputs);
    let outputs: TensorValues;
    try {
      outputs = await running;
    } catch (error) {
      active.counter?.failed();
      watched?.failed();
      this.parts.onServed?.();
      throw error;
    }
    const elapsedUs = this.#nowUs() - beganUs;
    active.counter?.answered(elapsedUs);
    this.parts.onServed?.();
    const id = record(outputs);
    watched?.answered(outputs, elapsedUs, id);
    return { outputs, version, id };
  }

  /** A version on trial that throws or answers with what is no number has failed; the one before answers instead. */
  async #tried(active: ServedModel, inputs: TensorValues, given: ModelInputs): Promise<Prediction> {
    const { version } = active.manifest;
    const beganUs = this.#nowUs();
    const running = outcomeOf(active, inputs);
    const { record, watched } = this.#remember(version, inputs);
    const outcome = await running;
    if ("outputs" in outcome && !hasNoNumber(outcome.outputs)) {
      const elapsedUs = this.#nowUs() - beganUs;
      active.counter?.answered(elapsedUs);
      this.parts.onServed?.();
      const id = record(outcome.outputs);
      watched?.answered(outcome.outputs, elapsedUs, id);
      return { outputs: outcome.outputs, version, id };
    }
    active.counter?.failed();
    watched?.failed();
    // It may have been rolled back while it ran.
    const other = this.#active === active ? this.#before : this.#active;
    if (other !== null) active.counter?.fellBack();
    const fallback = other === null ? null : this.#answer(other, toInputs(other.manifest.inputs, given));
    this.parts.onServed?.();
    if (fallback !== null) return fallback;
    if ("error" in outcome) throw outcome.error;
    return { outputs: outcome.outputs, version, id: record(outcome.outputs) };
  }

  /** Once the model has been asked: where it runs elsewhere, this takes none of the time that its answer does. */
  #remember(version: number, inputs: TensorValues) {
    this.parts.onRequest?.();
    const record = this.parts.recorder.begin(this.model, version, inputs);
    return { record, watched: this.watch?.begin(version, inputs) };
  }

  #nowUs(): number {
    return this.parts.nowUs?.() ?? 0;
  }
}

async function outcomeOf(
  { session }: LoadedModel,
  inputs: TensorValues,
): Promise<{ readonly outputs: TensorValues } | { readonly error: unknown }> {
  try {
    return { outputs: await session.run(inputs) };
  } catch (error) {
    return { error };
  }
}

async function closeAll(models: readonly (LoadedModel | null)[]): Promise<void> {
  await Promise.all(models.map((model) => model?.session.close()));
}
