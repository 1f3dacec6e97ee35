import type { ModelName } from "@fedge/protocol";
import type { DriftService } from "../../drift/drift-service.js";
import type { FeedMessage } from "../schema/overview-schema.js";
import type { FeedSource } from "./feed-source.js";

/** Models whose window was released. What could not be read is read again after the next release. */
export class DriftSource implements FeedSource {
  private dirty = new Set<ModelName>();

  constructor(private readonly drift: DriftService) {}

  listen(onChange: () => void): () => void {
    return this.drift.onChanged((model) => {
      this.dirty.add(model);
      onChange();
    });
  }

  /** A page that opens asks for what it shows; verdicts are not sent to those that show none. */
  history(): Promise<FeedMessage[]> {
    return Promise.resolve([]);
  }

  async changes(): Promise<FeedMessage[]> {
    const changed = this.dirty;
    if (changed.size === 0) return [];
    this.dirty = new Set();
    try {
      const verdicts = (await this.drift.models()).filter(({ model }) => changed.has(model));
      return verdicts.map((verdict) => ({
        event: "drift",
        data: { model: verdict.model, window: verdict.release?.window ?? 0, verdict },
      }));
    } catch (error) {
      for (const model of changed) this.dirty.add(model);
      throw error;
    }
  }
}
