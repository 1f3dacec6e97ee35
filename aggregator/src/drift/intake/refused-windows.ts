import type { ModelName } from "@fedge/protocol";

/** Why a window that a device sent is in no sum. */
export const WINDOW_REFUSALS = ["late", "not-begun", "layout", "invalid"] as const;
export type WindowRefusal = (typeof WINDOW_REFUSALS)[number];

export interface RefusedCount {
  readonly version: number;
  readonly reason: WindowRefusal;
  readonly numWindows: number;
}

/** How many windows were refused since the process began, of monitored versions: no device can make it grow. */
export class RefusedWindows {
  readonly #counts = new Map<ModelName, Map<string, RefusedCount>>();

  count(model: ModelName, version: number, reason: WindowRefusal): void {
    const counts = this.#counts.get(model) ?? new Map<string, RefusedCount>();
    this.#counts.set(model, counts);
    const key = `${version}/${reason}`;
    const numWindows = (counts.get(key)?.numWindows ?? 0) + 1;
    counts.set(key, { version, reason, numWindows });
  }

  /** Newest version first. */
  readonly of = (model: ModelName): RefusedCount[] =>
    [...(this.#counts.get(model)?.values() ?? [])].sort((one, other) => other.version - one.version);
}
