import type { ModelName } from "@fedge/protocol";
import type { Logger } from "../rounds/ports.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { EvaluationRecord, ControlStore } from "../store/port.js";
import type { Aliases } from "./aliases/aliases.js";
import type { ModelCards } from "./cards/model-cards.js";
import type { Retention } from "./retention/retention.js";

export interface KeeperParts {
  readonly store: Pick<ControlStore, "getVersion" | "getRound" | "saveEvaluation">;
  readonly aliases: Aliases;
  readonly cards: ModelCards;
  readonly retention: Pick<Retention, "forgetOldSums">;
  readonly logger: Logger;
}

/**
 * What the registry does by itself when a task commits or evaluates a version. The version is durable by then: what
 * fails here is logged, and the next version makes it good.
 */
export class VersionKeeper {
  constructor(private readonly parts: KeeperParts) {}

  committed(record: VersionRecord): Promise<void> {
    const model = record.model as ModelName;
    return this.#attempt(record, async () => {
      await this.parts.aliases.committed(model, record.version, record.roundId);
      await this.#keepDeviceLoss(record);
      await this.parts.cards.card(record);
      await this.parts.retention.forgetOldSums(model);
    });
  }

  async evaluated({ model, version }: EvaluationRecord): Promise<void> {
    const record = await this.parts.store.getVersion(model, version);
    if (record !== undefined) await this.#attempt(record, () => this.parts.cards.card(record));
  }

  /**
   * Every device of a round measured the base version on examples of its own before it trained: their mean, weighted by
   * examples, is that version's loss on the fleet. Of accuracy and spread the round says nothing.
   */
  async #keepDeviceLoss({ model, parentVersion, roundId, taskId }: VersionRecord): Promise<void> {
    const round = roundId === null ? undefined : (await this.parts.store.getRound(roundId))?.round;
    if (round === undefined || parentVersion === null || round.meanLossBefore === null) return;
    await this.parts.store.saveEvaluation({
      model: model as ModelName,
      version: parentVersion,
      dataSet: `devices:${taskId ?? round.taskId}`,
      segment: "",
      numExamples: round.numExamples,
      accuracy: null,
      loss: round.meanLossBefore,
      results: null,
      evaluatedAtMs: round.closedAtMs ?? round.openedAtMs,
    });
  }

  async #attempt({ model, version }: VersionRecord, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.parts.logger.error(
        { err: error, model, version },
        "the registry could not keep up with a version",
      );
    }
  }
}
