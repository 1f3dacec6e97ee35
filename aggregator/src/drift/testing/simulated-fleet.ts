import { NUM_REPLICATES } from "@fedge/protocol";
import { addVector, type FeatureValue } from "@fedge/protocol/profile";
import type { Overlap, StoredSum, WholeRelease } from "../drift-store.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import { buildRelease } from "../releases/build-release.js";
import type { ReleasedView } from "../releases/release-record.js";
import { WHOLE_FLEET } from "../sums/window-key.js";
import { countsOf, seededNormal, type CountRows } from "./simulated-device.js";

export interface FleetShape {
  readonly monitored: MonitoredVersion;
  readonly numDevices: number;
  readonly numRows: number;
  /** Correlation of two rows of one device. */
  readonly correlation: number;
  readonly seed: string;
  /** Names the device's cohorts; none where it is absent. */
  readonly cohortsOf?: (device: number) => readonly string[];
  /** What becomes of a value before it is counted. */
  readonly change?: (
    value: number,
    place: { readonly device: number; readonly feature: number; readonly chance: number },
  ) => FeatureValue;
  readonly minDevices?: number;
}

/** Devices whose features have the reference's distribution over the fleet, each with its own mean that stays. */
export class SimulatedFleet {
  readonly #chance;
  readonly #means: readonly Float64Array[];
  readonly #count: CountRows;
  #before: readonly ReleasedView[] = [];
  #window = 1000;

  constructor(private readonly shape: FleetShape) {
    this.#chance = seededNormal(shape.seed);
    this.#count = countsOf(shape.monitored);
    const numFeatures = shape.monitored.profile.features.length;
    const spread = Math.sqrt(shape.correlation);
    this.#means = Array.from({ length: shape.numDevices }, () =>
      Float64Array.from({ length: numFeatures }, () => spread * this.#chance.normal()),
    );
  }

  /** Every device counts a window of new rows; what is released of it. */
  nextWindow(): WholeRelease {
    const { monitored, minDevices = 50 } = this.shape;
    const whole = buildRelease({
      ...{ monitored, sums: { sums: this.#sums(), overlaps: [] as Overlap[] }, nowMs: 0 },
      key: {
        ...{ model: monitored.model, version: monitored.version, window: this.#window },
        layoutSha256: monitored.profile.layoutSha256,
      },
      policy: { minDevices, minGroupDevices: 5 },
      before: this.#before,
    });
    this.#before = whole.views;
    this.#window += 1;
    return whole;
  }

  #sums(): StoredSum[] {
    const { numDevices, cohortsOf } = this.shape;
    const sums = new Map<string, StoredSum>();
    for (let device = 0; device < numDevices; device += 1) {
      const vector = this.#vector(device);
      const replicate = Math.floor(this.#chance.uniform() * NUM_REPLICATES);
      for (const cohort of [WHOLE_FLEET, ...(cohortsOf?.(device) ?? [])]) {
        const sum = sums.get(`${replicate}/${cohort}`);
        if (sum === undefined)
          sums.set(`${replicate}/${cohort}`, { cohort, replicate, vector: vector.slice() });
        else addVector(sum.vector, vector);
      }
    }
    return [...sums.values()];
  }

  #vector(device: number): Uint32Array {
    const { numRows, correlation, change } = this.shape;
    const own = Math.sqrt(1 - correlation);
    const means = this.#means[device] as Float64Array;
    return this.#count(numRows, (_row, feature) => {
      const value = (means[feature] as number) + own * this.#chance.normal();
      return change === undefined
        ? value
        : change(value, { device, feature, chance: this.#chance.uniform() });
    });
  }
}

/** True when something of the release would raise an alert: drift, or broken data. */
export function isAlarming({ release }: WholeRelease): boolean {
  return release.verdict === "drift" || release.verdict === "broken_data";
}
