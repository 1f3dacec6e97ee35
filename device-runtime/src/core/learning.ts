import { decodeEnvelope, deviceTopic, learningDown, type BlobRef, type ModelName } from "@fedge/protocol";
import type { BlobFetcher } from "./blobs/fetcher.js";
import type { Connection, TopicHandler } from "./connection/connection.js";
import type { DeviceEventMap } from "./device-events.js";
import { EvaluationDesk } from "./evaluations/evaluation-desk.js";
import type { DevicePorts } from "./ports/ports.js";
import type { Credentials } from "./ports/transport.js";
import { Rounds } from "./rounds/rounds.js";
import type { RoundsOptions } from "./rounds/rounds-options.js";
import { TrainingHistory } from "./rounds/training-history.js";

export interface LearningParts {
  readonly ports: DevicePorts;
  readonly connection: Connection;
  readonly fetcher: BlobFetcher;
  readonly models: readonly ModelName[];
  readonly mayTrain: () => boolean;
  readonly isFit: RoundsOptions["isFit"];
  readonly beforeReport: RoundsOptions["beforeReport"];
  /** Told of each step of a round. */
  readonly onRound: (event: DeviceEventMap["round"]) => void;
  /** What was fetched for a training or an evaluation is of no more use. */
  readonly onUnused: () => void;
  readonly onError: (error: unknown) => void;
}

/** What a device does for the fleet on its own examples: it trains in rounds, and evaluates versions; never both at once. */
export class Learning {
  readonly rounds: Rounds;
  readonly evaluations: EvaluationDesk;
  readonly history: TrainingHistory;
  /** Manifest of the latest assignment. */
  #trained: BlobRef | null = null;

  constructor(private readonly parts: LearningParts) {
    const { ports, connection, onError } = parts;
    this.history = new TrainingHistory(ports, () => connection.traffic.bytesUp, onError);
    this.rounds = new Rounds({ ...parts, onRound: (event) => this.#heard(event) });
    this.evaluations = new EvaluationDesk({
      ...parts,
      isTraining: () => this.rounds.phase === "training",
      onEnded: () => parts.onUnused(),
    });
  }

  /** Whether something is being fetched or worked on that must not be tidied away. */
  get isBusy(): boolean {
    return this.rounds.phase === "training" || this.evaluations.isBusy;
  }

  get trained(): BlobRef | null {
    return this.#trained;
  }

  /** Where the server speaks to this device about rounds and evaluations. */
  topic({ tenantId, deviceId }: Credentials): TopicHandler {
    return [deviceTopic(tenantId, deviceId, "fl/dn"), (payload) => this.#receive(payload)];
  }

  /** Throws STORAGE_FAILED. */
  async restore(): Promise<void> {
    await this.history.restore();
    await this.rounds.restore();
  }

  /** The consent or the conditions may have changed. */
  reconsider(): void {
    this.rounds.reconsider();
    this.evaluations.tell((evaluations) => evaluations.reconsider());
  }

  /**
   * Labelled rows of these models are going to be erased: what is being made of them ends, and what was made and not
   * yet counted is removed. Resolves when a restart would not take it up again.
   */
  async unlearn(models: readonly string[]): Promise<void> {
    if (models.length === 0) return;
    this.evaluations.tell((evaluations) => evaluations.unlearn(models));
    await this.rounds.unlearn(models);
  }

  /** Resolves when nothing runs any more. The fetcher must be closed before. */
  async close(): Promise<void> {
    await this.evaluations.close();
    await this.rounds.close();
  }

  #receive(payload: Uint8Array): void {
    const { body } = decodeEnvelope(payload, learningDown, "round message");
    if (body.type === "evaluate") this.evaluations.receive(body);
    else this.rounds.receive(body);
  }

  #heard(event: DeviceEventMap["round"]): void {
    this.#trained = this.rounds.assignment?.manifest ?? this.#trained;
    // Every round has a base version of its own: its checkpoint is of no use after it.
    if (this.rounds.phase === "resting") this.parts.onUnused();
    this.history.heard(event, this.rounds);
    this.evaluations.tell((evaluations) => evaluations.trainingChanged());
    this.parts.onRound(event);
  }
}
