import { hasErrorCode } from "@fedge/protocol";
import type { RolloutId } from "../../rollouts/rollout-config.js";
import type { RolloutService } from "../../rollouts/rollout-service.js";
import type { RolloutView } from "../../rollouts/rollout-view.js";
import type { FeedMessage } from "../schema/overview-schema.js";
import type { FeedSource } from "./feed-source.js";

/** Rollouts that a page gets when it opens, newest first. */
export const HISTORY_ROLLOUTS = 100;

/** Rollouts, and those that changed or were deleted. What could not be read is read again after the next change. */
export class RolloutSource implements FeedSource {
  private dirty = new Set<RolloutId>();
  /** Of every history that is being read: what changed meanwhile. */
  private readonly openHistories = new Set<Set<RolloutId>>();

  constructor(private readonly rollouts: RolloutService) {}

  listen(onChange: () => void): () => void {
    return this.rollouts.onChange((rolloutId) => {
      this.dirty.add(rolloutId);
      for (const changed of this.openHistories) changed.add(rolloutId);
      onChange();
    });
  }

  async history(): Promise<FeedMessage[]> {
    const changed = new Set<RolloutId>();
    this.openHistories.add(changed);
    try {
      const rollouts = await this.rollouts.list({ limit: HISTORY_ROLLOUTS, offset: 0 });
      return [{ event: "rollouts", data: { rollouts, deleted: [] } }];
    } finally {
      this.openHistories.delete(changed);
      // Other pages may have been told already, and this one not: it would show the state before until the next change.
      for (const rolloutId of changed) this.dirty.add(rolloutId);
    }
  }

  async changes(): Promise<FeedMessage[]> {
    const changed = this.dirty;
    if (changed.size === 0) return [];
    this.dirty = new Set();
    try {
      const found = await Promise.all([...changed].map(async (id) => ({ id, view: await this.read(id) })));
      const rollouts = found.flatMap(({ view }) => (view === null ? [] : [view]));
      const deleted = found.flatMap(({ id, view }) => (view === null ? [id] : []));
      return [{ event: "rollouts", data: { rollouts, deleted } }];
    } catch (error) {
      for (const id of changed) this.dirty.add(id);
      throw error;
    }
  }

  private async read(rolloutId: RolloutId): Promise<RolloutView | null> {
    try {
      return await this.rollouts.get(rolloutId);
    } catch (error) {
      if (hasErrorCode(error) && error.code === "ROLLOUT_UNKNOWN") return null;
      throw error;
    }
  }
}
