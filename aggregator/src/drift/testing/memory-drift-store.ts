import { addVector } from "@fedge/protocol/profile";
import type {
  DriftStore,
  Overlap,
  SumChange,
  WholeRelease,
  WindowReceipt,
  WindowSums,
} from "../drift-store.js";
import type { SumDelta } from "../sums/summing-port.js";
import { windowKeyText, type WindowKey } from "../sums/window-key.js";
import { MemoryAlerts } from "./memory-alerts.js";
import { MemoryRefusals } from "./memory-refusals.js";

type VersionWindow = Pick<WindowKey, "model" | "version" | "window">;
type KeyedOverlap = SumChange["overlaps"][number];

/** A drift store that keeps everything in memory: for simulations, where a database would be most of the time. */
export function memoryDriftStore(): DriftStore {
  const [windows, alerts] = [new MemoryWindows(), new MemoryAlerts()];
  return {
    countWindows: async (receipts, changeOf) => windows.count(receipts, changeOf),
    openWindows: async () => [
      ...new Map(windows.sums.map(({ key }) => [windowKeyText(key), keyOf(key)])).values(),
    ],
    cohortsOf: async (key) => [...new Set(windows.sumsOf(key).sums.map(({ cohort }) => cohort))],
    sumsOf: async (key) => windows.sumsOf(key),
    saveRelease: async (whole, change, { numWindows }) => {
      if (windows.releaseOf(whole.release) !== undefined) return false;
      // First what may be refused: then nothing of the release is kept.
      alerts.save(change);
      windows.release(whole, numWindows);
      return true;
    },
    isReleased: async (key) => windows.releaseOf(key) !== undefined,
    listReleases: async (model, { version, limit }) =>
      newest(windows.releases.map(({ release }) => release))
        .filter((each) => each.model === model && (version === undefined || each.version === version))
        .slice(0, limit),
    getRelease: async (model, version, window) => windows.releaseOf({ model, version, window }),
    listViews: async ({ model, version, cohort, limit }) =>
      newest(windows.releases.flatMap(({ views }) => views))
        .filter((each) => each.model === model && each.version === version && each.cohort === cohort)
        .slice(0, limit),
    releasedVersions: async () => [
      ...new Map(
        [...windows.releases]
          .reverse()
          .map(({ release: { model, version } }) => [`${model}@${version}`, { model, version }]),
      ).values(),
    ],
    saveAlerts: async (change) => alerts.save(change),
    getAlert: async (alertId) => alerts.get(alertId),
    listAlerts: async (query) => alerts.list(query),
    pendingDeliveries: async () => alerts.pending(),
    saveDelivery: async (delivery) => alerts.saveDelivery(delivery),
    ...new MemoryRefusals().store,
  };
}

class MemoryWindows {
  /** In the order in which they were kept. */
  releases: WholeRelease[] = [];
  sums: SumDelta[] = [];
  #receipts = new Map<string, Set<string>>();
  #overlaps: KeyedOverlap[] = [];

  count(receipts: readonly WindowReceipt[], changeOf: (isNew: readonly boolean[]) => SumChange): boolean[] {
    const noted: [Set<string>, string][] = [];
    try {
      const isNew = receipts.map((receipt) => this.#note(receipt, noted));
      const { deltas, overlaps } = changeOf(isNew);
      for (const delta of deltas) this.#add(delta);
      for (const overlap of overlaps) this.#overlap(overlap);
      return isNew;
    } catch (error) {
      for (const [devices, deviceId] of noted) devices.delete(deviceId);
      throw error;
    }
  }

  sumsOf(key: WindowKey): WindowSums {
    const text = windowKeyText(key);
    const isIts = (one: { readonly key: WindowKey }): boolean => windowKeyText(one.key) === text;
    return {
      sums: this.sums.filter(isIts).map(({ key: { cohort, replicate }, vector }) => ({
        ...{ cohort, replicate, vector: vector.slice() },
      })),
      overlaps: this.#overlaps.filter(isIts).map(({ first, second, numDevices, numReporting }): Overlap => ({
        ...{ first, second, numDevices, numReporting },
      })),
    };
  }

  releaseOf(key: VersionWindow): WholeRelease | undefined {
    return this.releases.find(({ release }) => placeOf(release) === placeOf(key));
  }

  release(whole: WholeRelease, numWindows: number): void {
    const { model, version, window } = whole.release;
    const place = placeOf(whole.release);
    const isOld = ({ release }: WholeRelease): boolean =>
      release.model === model && release.version === version && release.window <= window - numWindows;
    this.releases = [...this.releases, whole].filter((each) => !isOld(each));
    this.sums = this.sums.filter(({ key }) => placeOf(key) !== place);
    this.#overlaps = this.#overlaps.filter(({ key }) => placeOf(key) !== place);
    this.#receipts.delete(place);
  }

  #note({ deviceId, key }: WindowReceipt, noted: [Set<string>, string][]): boolean {
    const place = placeOf(key);
    const devices = this.#receipts.get(place) ?? new Set();
    if (this.releaseOf(key) !== undefined || devices.has(deviceId)) return false;
    this.#receipts.set(place, devices.add(deviceId));
    noted.push([devices, deviceId]);
    return true;
  }

  #add({ key, vector }: SumDelta): void {
    const text = windowKeyText(key);
    const found = this.sums.find(
      (sum) =>
        sum.key.cohort === key.cohort &&
        sum.key.replicate === key.replicate &&
        windowKeyText(sum.key) === text,
    );
    if (found === undefined) this.sums.push({ key: { ...key }, vector: vector.slice() });
    else addVector(found.vector, vector);
  }

  #overlap(added: KeyedOverlap): void {
    const { key, first, second } = added;
    const at = this.#overlaps.findIndex(
      (each) =>
        each.first === first && each.second === second && windowKeyText(each.key) === windowKeyText(key),
    );
    const before = this.#overlaps[at];
    if (before === undefined) this.#overlaps.push(added);
    else
      this.#overlaps[at] = {
        ...before,
        numDevices: before.numDevices + added.numDevices,
        numReporting: before.numReporting + added.numReporting,
      };
  }
}

function placeOf({ model, version, window }: VersionWindow): string {
  return `${model}@${version}/${window}`;
}

function keyOf({ model, version, layoutSha256, window }: WindowKey): WindowKey {
  return { model, version, layoutSha256, window };
}

function newest<T extends { readonly window: number; readonly version: number }>(all: readonly T[]): T[] {
  return [...all].sort((one, other) => other.window - one.window || other.version - one.version);
}
