import {
  FedgeError,
  errorCodeOf,
  type Assigned,
  type ModelName,
  type Report,
  type RetryWindow,
  type RoundDown,
  type RoundUp,
} from "@fedge/protocol";
import type { StopController } from "../ports/ports.js";
import { checkInOf, examplesOf } from "./check-in.js";
import { ParticipationRecord } from "./participation-record.js";
import { stepParticipation } from "./participation.js";
import type { Participation, ParticipationEffect, ParticipationEvent } from "./participation-state.js";
import type { RoundsOptions } from "./rounds-options.js";
import { loadOnDemand } from "../load-on-demand.js";

const LOOK_AGAIN_MS = 60_000;
/** Messages that were held up for longer than this many rounds do not come any more. */
const ROUNDS_REMEMBERED = 8;

/** Executes the participation machine: one event at a time, state kept before it is acted upon. */
export class Rounds {
  #state: Participation = { phase: "resting" };
  #isRested = true;
  #isClosed = false;
  #queue: Promise<void> = Promise.resolve();
  #cancelRest: () => void = () => undefined;
  #cancelAnswer: () => void = () => undefined;
  #training: StopController | null = null;
  #numUploads = 0;
  /** Assignments on which the server has had its last word. */
  #over: readonly string[] = [];
  readonly #record: ParticipationRecord;

  constructor(private readonly options: RoundsOptions) {
    this.#record = new ParticipationRecord(options.ports.store);
  }

  get phase(): Participation["phase"] {
    return this.#state.phase;
  }

  get assignment(): Assigned | null {
    return "assignment" in this.#state ? this.#state.assignment : null;
  }

  /** The report that the server has not had its last word on. */
  get report(): Report | null {
    return this.#state.phase === "reporting" ? this.#state.report : null;
  }

  /** Reads what a stop interrupted, before anything is heard. Throws STORAGE_FAILED. */
  async restore(): Promise<void> {
    this.#state = await this.#record.load();
  }

  /** Takes up what a stop interrupted, if the device still may; called once there is a connection. */
  async takeUp(): Promise<void> {
    this.#requireAble();
    await this.#dispatch({ type: "restored" });
    if (this.#isRested) this.#lookAgain();
  }

  /** What the server says to this device about rounds. */
  receive(message: RoundDown): void {
    const isNews = message.type === "assigned" && message.roundId !== this.assignment?.roundId;
    if (isNews && !this.#isWilling(message.model))
      void this.#dispatch({ type: "declined", assignment: message });
    else void this.#dispatch({ type: "message", message });
  }

  /** After a connection began, or the server did: the pending question is asked again. */
  online(): void {
    void this.#dispatch({ type: "online" });
    this.reconsider();
  }

  /** Looks at the conditions again: they, the consent or the examples may have changed. */
  reconsider(): void {
    if (!this.#requireAble() || !this.#isRested || !this.options.connection.isOnline) return;
    const { ports, models, isFit } = this.options;
    const hasExamples = (model: ModelName): boolean => examplesOf(ports.trainingData, model) > 0;
    if (this.#asksApp(() => models.some((model) => isFit(model) && hasExamples(model))))
      void this.#dispatch({ type: "able" });
  }

  /** Examples of these models are going to be erased: as without consent, training on them ends, its update goes. */
  unlearn(models: readonly string[]): Promise<void> {
    const isOf = (): boolean => this.assignment !== null && models.includes(this.assignment.model);
    return this.#enqueue(async () => (isOf() ? this.#step({ type: "forbidden" }) : undefined));
  }

  /** False after it has ended what the device may not do now. */
  #requireAble(): boolean {
    if (!this.options.mayTrain()) void this.#dispatch({ type: "forbidden" });
    else if (this.#asksApp(() => this.options.ports.conditions.isEligible())) return true;
    else void this.#dispatch({ type: "unable" });
    return false;
  }

  /** The app's own functions may throw; that is a no. */
  #asksApp(question: () => boolean): boolean {
    try {
      return question();
    } catch (error) {
      this.options.onError(error);
      return false;
    }
  }

  /** Stops training between two steps and resolves when nothing runs any more. The state stays for the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRest();
    this.#cancelAnswer();
    this.#training?.abort();
    await this.#queue;
  }

  #isWilling(model: ModelName): boolean {
    const { mayTrain, isFit, ports } = this.options;
    return mayTrain() && isFit(model) && this.#asksApp(() => ports.conditions.isEligible());
  }

  #dispatch(event: ParticipationEvent): Promise<void> {
    return this.#enqueue(() => this.#step(event));
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(work).catch(this.options.onError);
    return this.#queue;
  }

  async #step(event: ParticipationEvent): Promise<void> {
    if (this.#isClosed || this.#isStale(event)) return;
    const { state, effects } = stepParticipation(this.#state, event);
    this.#state = state;
    if (effects.some((effect) => effect.type === "expect-answer" || effect.type === "rest"))
      this.#cancelAnswer();
    for (const effect of effects) {
      try {
        await this.#run(effect);
      } catch (error) {
        this.options.onError(error);
        // A device that cannot keep its part gives it up; giving up goes as far as it can.
        if (event.type !== "broken") return this.#step({ type: "broken", code: errorCodeOf(error) });
      }
    }
  }

  /** An assignment that arrives after the last word on it was held up on its way: it is not trained again. */
  #isStale(event: ParticipationEvent): boolean {
    if (event.type !== "message" || !("attempt" in event.message)) return false;
    const { type, roundId, attempt } = event.message;
    const key = `${roundId}/${attempt}`;
    if (type === "assigned") return this.#over.includes(key);
    if (type !== "proceed") this.#over = [...this.#over, key].slice(-ROUNDS_REMEMBERED);
    return false;
  }

  async #run(effect: ParticipationEffect): Promise<void> {
    switch (effect.type) {
      case "persist":
        return this.#record.save(effect.state);
      case "forget-update":
        return this.#record.forgetUpdate();
      case "ask":
        return this.#checkIn();
      case "send":
        return this.#send(effect.message);
      case "train":
        return this.#train(effect.assignment);
      case "stop-training":
        return this.#training?.abort();
      case "upload":
        return void this.#upload(effect.assignment, effect.missing).catch(this.options.onError);
      case "rest":
        return this.#rest(effect.window);
      case "expect-answer":
        return this.#expectAnswer(effect.withinMs);
      case "tell":
        return this.options.onRound({ roundId: effect.roundId, phase: effect.phase, code: effect.code });
    }
  }

  #checkIn(): void {
    const { ports, models, isFit } = this.options;
    this.#send(checkInOf(models.filter(isFit), ports.serving.name, ports.trainingData));
  }

  /** What cannot be sent now is said again when the connection is back. */
  #send(message: RoundUp): void {
    if (!this.options.connection.isOnline) return;
    // Not awaited: an answer may come before the broker's acknowledgement, and must not wait for it.
    this.options.connection.send("fl/up", message).catch(this.options.onError);
    if (message.type === "report")
      this.options.onRound({ roundId: message.roundId, phase: "reported", code: null });
  }

  /** Labelled examples of all models. */
  get numExamples(): number {
    const { ports, models } = this.options;
    return models.reduce((sum, model) => sum + examplesOf(ports.trainingData, model), 0);
  }

  #train(assignment: Assigned): void {
    this.#training?.abort();
    const stop = this.options.ports.newStop();
    this.#training = stop;
    void this.#trainAndReport(assignment, stop).catch((error: unknown) => {
      // Whoever stopped it has gone on already.
      if (stop.signal.aborted || this.#isClosed) return;
      this.options.onError(error);
      void this.#dispatch({ type: "train-failed", roundId: assignment.roundId, code: errorCodeOf(error) });
    });
  }

  async #trainAndReport(assignment: Assigned, stop: StopController): Promise<void> {
    const deviceId = this.options.connection.credentials?.deviceId;
    if (deviceId === undefined) throw new FedgeError("INTERNAL", "an assignment came before the credentials");
    const { roundId } = assignment;
    const onTraining = (): void => this.options.onRound({ roundId, phase: "training", code: null });
    const parts = { ...this.options, deviceId, onTraining };
    // On demand: most visits to a page train nothing.
    const { trainLocally } = await loadOnDemand();
    const { bytes, report } = await trainLocally(assignment, parts, stop.signal);
    await this.options.beforeReport?.(assignment);
    await this.#enqueue(() => this.#keepUpdate(bytes, report, stop));
  }

  /** In its turn: what ended the round before that has removed the update, and must not find it later. */
  async #keepUpdate(bytes: Uint8Array, report: Report, stop: StopController): Promise<void> {
    if (stop.signal.aborted || this.#isClosed) return;
    try {
      await this.#record.saveUpdate(bytes);
    } catch (error) {
      this.options.onError(error);
      return this.#step({ type: "train-failed", roundId: report.roundId, code: errorCodeOf(error) });
    }
    await this.#step({ type: "trained", report });
  }

  async #upload(assignment: Assigned, missing: readonly (readonly [number, number])[]): Promise<void> {
    const number = (this.#numUploads += 1);
    const bytes = await this.#record.update();
    if (bytes === undefined) return;
    const { sendBlocks } = await loadOnDemand();
    await sendBlocks({
      ...{ assignment, bytes, missing },
      send: (topic, frame) => this.options.connection.sendBytes(topic, frame),
      isWanted: () => number === this.#numUploads && this.#state.phase === "reporting" && !this.#isClosed,
    });
  }

  #rest({ minMs, maxMs }: RetryWindow): void {
    const { clock, random } = this.options.ports;
    this.#isRested = false;
    this.#cancelRest();
    this.#cancelRest = clock.after(minMs + random.unit() * (maxMs - minMs), () => {
      this.#isRested = true;
      this.reconsider();
      if (this.#state.phase === "resting") this.#lookAgain();
    });
  }

  /** Examples arrive without telling anybody: a rested device looks once in a while. */
  #lookAgain(): void {
    this.#cancelRest = this.options.ports.clock.after(LOOK_AGAIN_MS, () => {
      this.reconsider();
      if (this.#state.phase === "resting") this.#lookAgain();
    });
  }

  #expectAnswer(withinMs: number): void {
    this.#cancelAnswer = this.options.ports.clock.after(
      withinMs,
      () => void this.#dispatch({ type: "expired" }),
    );
  }
}
