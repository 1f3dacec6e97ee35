import {
  blockRange,
  decodeEnvelope,
  deviceTopic,
  encodeUploadBlock,
  errorCodeOf,
  roundDown,
  type Assigned,
  type ErrorCode,
  type ModelName,
  type RetryWindow,
} from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import type { Connection } from "../connection/connection.js";
import type { DevicePorts, StopController } from "../ports/ports.js";
import { RUNTIME_VERSION } from "../updates/installer.js";
import { trainLocally } from "./local-training.js";
import { ParticipationRecord } from "./participation-record.js";
import {
  stepParticipation,
  type Participation,
  type ParticipationEffect,
  type ParticipationEvent,
  type RoundPhase,
} from "./participation.js";

export interface RoundsOptions {
  readonly ports: DevicePorts;
  readonly connection: Connection;
  readonly fetcher: BlobFetcher;
  readonly models: readonly ModelName[];
  readonly mayTrain: () => boolean;
  /** Held before an update is reported; a test or a simulation may wait here. */
  readonly beforeReport: ((assignment: Assigned) => Promise<void>) | null;
  readonly onRound: (event: {
    readonly roundId: string;
    readonly phase: RoundPhase;
    readonly code: ErrorCode | null;
  }) => void;
  readonly onError: (error: unknown) => void;
}

/** Upload blocks that wait for their PUBACK at once. */
const BLOCKS_IN_FLIGHT = 4;
const LOOK_AGAIN_MS = 60_000;

/** Executes the participation machine: one event at a time, state kept before it is acted upon. */
export class Rounds {
  #state: Participation = { phase: "resting" };
  #isRested = true;
  #isClosed = false;
  #queue: Promise<void> = Promise.resolve();
  #cancelRest: () => void = () => undefined;
  #cancelAnswer: () => void = () => undefined;
  #training: StopController | null = null;
  #upload = 0;
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

  /** Takes up what a stop interrupted; called once there is a connection. */
  async restore(): Promise<void> {
    this.#state = await this.#record.load();
    await this.#dispatch({ type: "restored" });
  }

  async subscribe(): Promise<void> {
    const { credentials } = this.options.connection;
    if (credentials === null) return;
    const topic = deviceTopic(credentials.tenantId, credentials.deviceId, "fl/dn");
    await this.options.connection.listen([[topic, (payload) => this.#receive(payload)]]);
  }

  /** After a connection began, or the server did: the pending question is asked again. */
  online(): void {
    void this.#dispatch({ type: "online" });
    this.reconsider();
  }

  /** Looks at the conditions again: they, the consent or the examples may have changed. */
  reconsider(): void {
    const isWilling = this.options.mayTrain() && this.options.ports.conditions.isEligible();
    if (!isWilling) void this.#dispatch({ type: "unable" });
    else if (this.#isRested && this.options.connection.isOnline && this.#numExamples() > 0) {
      void this.#dispatch({ type: "able" });
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

  #receive(payload: Uint8Array): void {
    const { body } = decodeEnvelope(payload, roundDown, "round message");
    void this.#dispatch({ type: "message", message: body });
  }

  #dispatch(event: ParticipationEvent): Promise<void> {
    this.#queue = this.#queue.then(() => this.#step(event)).catch(this.options.onError);
    return this.#queue;
  }

  async #step(event: ParticipationEvent): Promise<void> {
    if (this.#isClosed) return;
    const { state, effects } = stepParticipation(this.#state, event);
    this.#state = state;
    if (effects.some((effect) => effect.type === "expect-answer" || effect.type === "rest"))
      this.#cancelAnswer();
    for (const effect of effects) await this.#run(effect);
  }

  async #run(effect: ParticipationEffect): Promise<void> {
    switch (effect.type) {
      case "persist":
        return this.#record.save(effect.state);
      case "forget-update":
        return this.#record.forgetUpdate();
      case "ask":
        return this.#send(this.#checkIn());
      case "send":
        return this.#send(effect.message);
      case "train":
        return this.#train(effect.assignment);
      case "stop-training":
        return this.#training?.abort();
      case "upload":
        return void this.#sendBlocks(effect.assignment, effect.missing).catch(this.options.onError);
      case "rest":
        return this.#rest(effect.window);
      case "expect-answer":
        return this.#expectAnswer(effect.withinMs);
      case "tell":
        return this.options.onRound({ roundId: effect.roundId, phase: effect.phase, code: effect.code });
    }
  }

  /** What cannot be sent now is said again when the connection is back. */
  async #send(message: object): Promise<void> {
    if (!this.options.connection.isOnline) return;
    // Not awaited: an answer may come before the broker's acknowledgement, and must not wait for it.
    this.options.connection.send("fl/up", message).catch(this.options.onError);
  }

  #checkIn(): object {
    const { ports, models } = this.options;
    const offers = models.map((model) => ({
      model,
      numExamples: ports.trainingData[model]?.numExamples() ?? 0,
    }));
    return { type: "check-in", runtimeVersion: RUNTIME_VERSION, engine: ports.serving.name, models: offers };
  }

  #numExamples(): number {
    const { ports, models } = this.options;
    return models.reduce((sum, model) => sum + (ports.trainingData[model]?.numExamples() ?? 0), 0);
  }

  #train(assignment: Assigned): void {
    this.#training?.abort();
    const stop = this.options.ports.newStop();
    this.#training = stop;
    void this.#trainAndReport(assignment, stop).catch((error: unknown) => {
      if (this.#training !== stop || this.#isClosed) return;
      this.options.onError(error);
      void this.#dispatch({ type: "train-failed", roundId: assignment.roundId, code: errorCodeOf(error) });
    });
  }

  async #trainAndReport(assignment: Assigned, stop: StopController): Promise<void> {
    const deviceId = this.options.connection.credentials?.deviceId;
    if (deviceId === undefined) throw new Error("an assignment without credentials");
    const { bytes, report } = await trainLocally(assignment, { ...this.options, deviceId }, stop.signal);
    await this.options.beforeReport?.(assignment);
    if (stop.signal.aborted) return;
    await this.#record.saveUpdate(bytes);
    await this.#dispatch({ type: "trained", report });
  }

  async #sendBlocks(assignment: Assigned, missing: readonly (readonly [number, number])[]): Promise<void> {
    const upload = (this.#upload += 1);
    const bytes = await this.#record.update();
    if (bytes === undefined) return;
    const { roundId, attempt } = assignment;
    const indexes = missing.flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, at) => first + at),
    );
    for (let at = 0; at < indexes.length; at += BLOCKS_IN_FLIGHT) {
      // A newer request for blocks, or the end of the round, makes this one pointless.
      if (upload !== this.#upload || this.#state.phase !== "reporting") return;
      const sending = indexes.slice(at, at + BLOCKS_IN_FLIGHT).map((index) => {
        const { start, end } = blockRange(bytes.byteLength, index);
        const body = bytes.subarray(start, end);
        const frame = encodeUploadBlock({ roundId, attempt, index, sizeBytes: bytes.byteLength, body });
        return this.options.connection.sendBytes(assignment.upload.topic, frame);
      });
      await Promise.all(sending);
    }
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
