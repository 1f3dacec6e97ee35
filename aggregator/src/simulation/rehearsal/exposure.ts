import type { DeviceId, InstallState } from "@fedge/protocol";
import type { DeviceStep } from "../fleet/fleet-messages.js";

/** What one device went through with one version. */
export interface Encounter {
  readonly index: number;
  readonly deviceId: DeviceId;
  /** When it took the version up; when it first answered people with it, null for never. */
  readonly begunAtMs: number;
  readonly servedAtMs: number | null;
  /** When it served another version again, or gave up before it served; null as long as it does neither. */
  readonly overAtMs: number | null;
  readonly lastState: InstallState | null;
  /** Why it went back, in the device's own words; null where it was told to. */
  readonly reason: string | null;
}

/** Ends that leave the version before. */
const OVER: ReadonlySet<InstallState> = new Set([
  "rejected",
  "failed",
  "canceled",
  "rolled-back",
  "safe-mode",
]);

/** Who had which version when, as the devices themselves saw it: true also while no server hears of it. */
export class Exposure {
  readonly #serving = new Map<number, number>();
  readonly #encounters = new Map<number, Map<number, Encounter>>();

  note(step: DeviceStep): void {
    if (step.what === "judges") return;
    if (step.what === "installs") return this.#installs(step);
    const before = this.#serving.get(step.index);
    this.#serving.set(step.index, step.version);
    const known = this.#of(step.version).get(step.index);
    this.#set(step.version, {
      ...(known ?? fresh(step)),
      servedAtMs: known?.servedAtMs ?? step.atMs,
      overAtMs: null,
    });
    const left =
      before === undefined || before === step.version ? undefined : this.#of(before).get(step.index);
    if (left !== undefined && before !== undefined) this.#set(before, { ...left, overAtMs: step.atMs });
  }

  /** What each device serves, by its number. */
  get serving(): ReadonlyMap<number, number> {
    return this.#serving;
  }

  /** How many devices serve which version, by its name. */
  countServing(model: string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const version of this.#serving.values()) {
      const name = `${model}@${version}`;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  /** Everybody who took the version up. */
  encounters(version: number): readonly Encounter[] {
    return [...this.#of(version).values()].sort((one, other) => one.index - other.index);
  }

  /** Those whose people were answered by it. */
  exposed(version: number): readonly Encounter[] {
    return this.encounters(version).filter(({ servedAtMs }) => servedAtMs !== null);
  }

  /** Whether nobody has it any more, or is about to. */
  isGone(version: number): boolean {
    return this.encounters(version).every(({ overAtMs }) => overAtMs !== null);
  }

  /**
   * From the first device that served it to the last one that does no more; where nobody served it, of those who tried.
   * Null where nobody did, or somebody has it still.
   */
  secondsToRestored(version: number): number | null {
    const exposed = this.exposed(version);
    const all = exposed.length > 0 ? exposed : this.encounters(version);
    const ends = all.flatMap(({ overAtMs }) => overAtMs ?? []);
    if (all.length === 0 || ends.length < all.length) return null;
    const begins = all.map(({ servedAtMs, begunAtMs }) => servedAtMs ?? begunAtMs);
    return (Math.max(...ends) - Math.min(...begins)) / 1000;
  }

  #installs({ state, reason, ...step }: DeviceStep & { readonly what: "installs" }): void {
    const known = this.#of(step.version).get(step.index) ?? fresh(step);
    const isOver = OVER.has(state) && known.servedAtMs === null;
    const overAtMs = known.overAtMs ?? (isOver ? step.atMs : null);
    this.#set(step.version, { ...known, overAtMs, lastState: state, reason: reason ?? known.reason });
  }

  #of(version: number): Map<number, Encounter> {
    const known = this.#encounters.get(version) ?? new Map<number, Encounter>();
    this.#encounters.set(version, known);
    return known;
  }

  #set(version: number, encounter: Encounter): void {
    this.#of(version).set(encounter.index, encounter);
  }
}

function fresh({ index, deviceId, atMs }: Pick<DeviceStep, "index" | "deviceId" | "atMs">): Encounter {
  return {
    index,
    deviceId,
    begunAtMs: atMs,
    servedAtMs: null,
    overAtMs: null,
    lastState: null,
    reason: null,
  };
}
