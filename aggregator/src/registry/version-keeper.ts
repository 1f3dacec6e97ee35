import type { ModelName } from "@fedge/protocol";
import type { Logger } from "../rounds/ports.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { EvaluationRecord, ControlStore } from "../store/port.js";
import type { Aliases } from "./aliases/aliases.js";
import type { ModelCards } from "./cards/model-cards.js";
import type { Retention } from "./retention/retention.js";

export interface KeeperParts {
  readonly store: Pick<ControlStore, "getVersion">;
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
      await this.parts.cards.card(record);
      await this.parts.retention.forgetOldSums(model);
    });
  }

  async evaluated({ model, version }: EvaluationRecord): Promise<void> {
    const record = await this.parts.store.getVersion(model, version);
    if (record !== undefined) await this.#attempt(record, () => this.parts.cards.card(record));
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
