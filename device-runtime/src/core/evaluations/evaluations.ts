import type { ErrorCode, Evaluate, EvaluationReply, ModelName, errorCodeOf } from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import type { Connection } from "../connection/connection.js";
import type { StopSignal } from "../ports/engine.js";
import type { DevicePorts, StopController } from "../ports/ports.js";
import {
  NO_EVALUATION,
  stepEvaluation,
  type DeclineReason,
  type EvaluationEffect,
  type EvaluationEvent,
  type EvaluationState,
} from "./evaluation-machine.js";
import { EvaluationPace } from "./evaluation-pace.js";
import { measureVersions } from "./measure-versions.js";

export interface EvaluationsOptions {
  readonly ports: DevicePorts;
  readonly connection: Pick<Connection, "isOnline" | "send">;
  readonly fetcher: Pick<BlobFetcher, "fetch">;
  readonly models: readonly ModelName[];
  /** The person's consent to train covers it: an evaluation reads the same examples, and less of them leaves. */
  readonly mayTrain: () => boolean;
  /** True while the device trains; an evaluation waits for that, up to its deadline. */
  readonly isTraining: () => boolean;
  /** Told when a measurement has ended, and what it fetched is of no more use. */
  readonly onEnded: () => void;
  readonly onError: (error: unknown) => void;
  /** What the device has anyway is given, not imported here: a bundler would part it from the page's first file. */
  readonly errorCodeOf: typeof errorCodeOf;
}

/** Executes the evaluation machine. Nothing of it is kept over a restart. */
export class Evaluations {
  #state: EvaluationState = NO_EVALUATION;
  #stop: StopController | null = null;
  #measuring: Promise<void> = Promise.resolve();
  #cancelDeadline: () => void = () => undefined;
  /** What could not be said while the device was out of touch. */
  #unsent: readonly EvaluationReply[] = [];
  #isClosed = false;
  #trainingChanged: () => void = () => undefined;
  readonly #pace: EvaluationPace;

  constructor(private readonly options: EvaluationsOptions) {
    this.#pace = new EvaluationPace(options.ports.clock);
  }

  get isBusy(): boolean {
    return this.#state.current !== null;
  }

  receive(ask: Evaluate): void {
    this.#step({ type: "asked", ask, obstacle: this.#obstacle(ask) });
  }

  /** After a connection began: what was measured meanwhile is said. */
  online(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const message of unsent) this.#send(message);
  }

  /** The consent or the conditions may have changed. */
  reconsider(): void {
    if (!this.options.mayTrain()) {
      // Nothing made from the person's data is sent once that is withdrawn.
      this.#unsent = this.#unsent.filter(({ type }) => type !== "evaluated");
      this.#step({ type: "unable", reason: "not-allowed" });
    } else if (!this.#isEligible()) this.#step({ type: "unable", reason: "interrupted" });
  }

  /** Examples of these models are going to be erased: nothing that was measured on them is sent any more. */
  unlearn(models: readonly string[]): void {
    this.#unsent = this.#unsent.filter(({ type }) => type !== "evaluated");
    const { model } = this.#state.current ?? {};
    if (model !== undefined && models.includes(model)) this.#step({ type: "unable", reason: "interrupted" });
  }

  /** A training has begun or ended. */
  trainingChanged(): void {
    this.#trainingChanged();
  }

  /** Somebody waits for a model's answer. */
  stepAside(): void {
    if (this.isBusy) this.#pace.stepAside();
  }

  /** Stops between two batches and resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelDeadline();
    this.#stop?.abort();
    await this.#measuring;
  }

  #obstacle({ model }: Evaluate): DeclineReason | null {
    if (!this.options.mayTrain()) return "not-allowed";
    if (!this.options.models.includes(model)) return "incompatible";
    if (!this.#isEligible()) return "not-now";
    return null;
  }

  /** The app's own function may throw; that is a no. */
  #isEligible(): boolean {
    try {
      return this.options.ports.conditions.isEligible();
    } catch (error) {
      this.options.onError(error);
      return false;
    }
  }

  #step(event: EvaluationEvent): void {
    if (this.#isClosed) return;
    const { state, effects } = stepEvaluation(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: EvaluationEffect): void {
    switch (effect.type) {
      case "measure":
        return this.#measure(effect.ask);
      case "expect":
        return this.#expect(effect.ask);
      case "stop":
        return this.#stop?.abort();
      case "reply":
        if (this.#state.current === null) this.#cancelDeadline();
        return this.#send(effect.message);
    }
  }

  #expect(ask: Evaluate): void {
    this.#cancelDeadline = this.options.ports.clock.after(ask.deadlineMs, () =>
      this.#step({ type: "expired", ask }),
    );
  }

  /** One after the other: what was stopped may still be in the middle of a batch. */
  #measure(ask: Evaluate): void {
    const stop = (this.#stop = this.options.ports.newStop());
    this.#measuring = this.#measuring.then(() => this.#measureOne(ask, stop));
  }

  async #measureOne(ask: Evaluate, stop: StopController): Promise<void> {
    try {
      await this.#trainingEnded(stop.signal);
      if (stop.signal.aborted) return;
      const pace = { turn: (signal: StopSignal) => this.#turn(signal) };
      const reply = await measureVersions(ask, { ...this.options, pace }, stop.signal);
      this.#step({ type: "measured", ask, reply });
    } catch (error) {
      if (stop.signal.aborted) return;
      this.options.onError(error);
      const code = this.options.errorCodeOf(error);
      this.#step({ type: "failed", ask, reason: reasonOf(code), code });
    } finally {
      if (!this.#isClosed) this.options.onEnded();
    }
  }

  /** The next batch may begin: nobody waits for an answer, and no training is under way. */
  async #turn(signal: StopSignal): Promise<void> {
    await this.#trainingEnded(signal);
    await this.#pace.turn(signal);
  }

  async #trainingEnded(signal: StopSignal): Promise<void> {
    while (this.options.isTraining() && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#trainingChanged = resolve;
        signal.addEventListener("abort", resolve);
      });
    }
  }

  #send(message: EvaluationReply): void {
    if (!this.options.connection.isOnline) {
      this.#unsent = [...this.#unsent, message];
      return;
    }
    this.options.connection.send("fl/up", message).catch(this.options.onError);
  }
}

const REASONS: Partial<Record<ErrorCode, DeclineReason>> = {
  DATA_MISSING: "no-examples",
  MODEL_INCOMPATIBLE: "incompatible",
};

function reasonOf(code: ErrorCode): DeclineReason {
  return REASONS[code] ?? "failed";
}
