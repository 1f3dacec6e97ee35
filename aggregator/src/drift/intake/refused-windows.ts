import type { ModelName } from "@fedge/protocol";
import type { Clock } from "../../clock/clock.js";
import type { DriftStore } from "../drift-store.js";

/** Why a window that a device sent is in no sum. */
export const WINDOW_REFUSALS = ["late", "not-begun", "layout", "invalid"] as const;
export type WindowRefusal = (typeof WINDOW_REFUSALS)[number];

export interface RefusedCount {
  readonly version: number;
  readonly reason: WindowRefusal;
  readonly numWindows: number;
}

export interface RefusalCount extends RefusedCount {
  readonly model: ModelName;
}

export interface KeptRefusals {
  readonly store: Pick<DriftStore, "addRefusals" | "listRefusals">;
  readonly clock: Pick<Clock, "after">;
  readonly onError: (error: unknown) => void;
}

/** Counts are kept together: a device that sends again and again must not make the store write as often. */
const KEEP_EVERY_MS = 5000;
/** Of each model; what devices on older versions send is told no longer. */
const NUM_VERSIONS = 20;

/**
 * How many windows were refused, of monitored versions: no device can make it grow. Kept in the store every five seconds and at
 * the end, so that a kill loses at most so much; in memory only where there is no store.
 */
export class RefusedWindows {
  readonly #counts = new Map<ModelName, Map<string, RefusedCount>>();
  /** Counted, and not in the store. */
  #unkept = new Map<string, RefusalCount>();
  #cancel: (() => void) | null = null;
  #keeping: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(private readonly kept: KeptRefusals | null = null) {}

  /** Goes on with what is kept, and resolves with that. Throws DATABASE_FAILED. */
  async restore(): Promise<readonly RefusalCount[]> {
    const counts = (await this.kept?.store.listRefusals()) ?? [];
    for (const count of counts) this.#add(count);
    return counts;
  }

  count(model: ModelName, version: number, reason: WindowRefusal): void {
    this.#add({ model, version, reason, numWindows: 1 });
    if (this.kept === null || this.#isClosed) return;
    const key = JSON.stringify([model, version, reason]);
    const numWindows = (this.#unkept.get(key)?.numWindows ?? 0) + 1;
    this.#unkept.set(key, { model, version, reason, numWindows });
    this.#cancel ??= this.kept.clock.after(KEEP_EVERY_MS, () => this.#keep());
  }

  /** Newest version first. */
  readonly of = (model: ModelName): RefusedCount[] =>
    [...(this.#counts.get(model)?.values() ?? [])].sort((one, other) => other.version - one.version);

  /** Keeps what is left. Resolves when nothing is written any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    this.#keep();
    await this.#keeping;
  }

  #keep(): void {
    this.#cancel = null;
    this.#keeping = this.#keeping.then(() => this.#write());
  }

  async #write(): Promise<void> {
    const counts = [...this.#unkept.values()];
    if (counts.length === 0 || this.kept === null) return;
    this.#unkept = new Map();
    try {
      await this.kept.store.addRefusals(counts, { numVersions: NUM_VERSIONS });
    } catch (error) {
      // They are shown until the process ends; another try might count them twice.
      this.kept.onError(error);
    }
  }

  #add({ model, version, reason, numWindows }: RefusalCount): void {
    const counts = this.#counts.get(model) ?? new Map<string, RefusedCount>();
    this.#counts.set(model, counts);
    const key = `${version}/${reason}`;
    counts.set(key, { version, reason, numWindows: (counts.get(key)?.numWindows ?? 0) + numWindows });
    const versions = [...new Set([...counts.values()].map((each) => each.version))].sort((a, b) => b - a);
    const oldest = versions[NUM_VERSIONS - 1] ?? 0;
    for (const [each, count] of counts) if (count.version < oldest) counts.delete(each);
  }
}
