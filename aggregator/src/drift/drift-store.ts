import type { DeviceId, ModelName } from "@fedge/protocol";
import type { AlertRecord, Delivery } from "./alerts/alert-record.js";
import type { RefusalCount } from "./intake/refused-windows.js";
import type { ReleaseRecord, ReleasedView } from "./releases/release-record.js";
import type { SumDelta } from "./sums/summing-port.js";
import type { WindowKey } from "./sums/window-key.js";

export interface WindowReceipt {
  readonly deviceId: DeviceId;
  readonly key: WindowKey;
}

/** How many devices two cohorts of a window have in common. */
export interface Overlap {
  readonly first: string;
  readonly second: string;
  /** With rows. */
  readonly numDevices: number;
  /** These, and those that report without a row. */
  readonly numReporting: number;
}

/** What a batch of windows adds to the sums. */
export interface SumChange {
  readonly deltas: readonly SumDelta[];
  readonly overlaps: readonly (Overlap & { readonly key: WindowKey })[];
}

export interface StoredSum {
  readonly cohort: string;
  readonly replicate: number;
  readonly vector: Uint32Array;
}

export interface WindowSums {
  readonly sums: readonly StoredSum[];
  readonly overlaps: readonly Overlap[];
}

/** A release with the views that are shown of it. */
export interface WholeRelease {
  readonly release: ReleaseRecord;
  readonly views: readonly ReleasedView[];
}

/** What is kept of drift. Every method is one transaction. */
export interface DriftStore {
  /**
   * Notes the receipts and adds what `changeOf` makes of those that are new, both or neither. A receipt is new when its
   * device has none of this window and the window is not released; one value for each.
   */
  countWindows(
    receipts: readonly WindowReceipt[],
    changeOf: (isNew: readonly boolean[]) => SumChange,
  ): Promise<boolean[]>;
  /** Windows that have sums. */
  openWindows(): Promise<WindowKey[]>;
  /** Cohorts of a window that have sums. */
  cohortsOf(key: WindowKey): Promise<string[]>;
  sumsOf(key: WindowKey): Promise<WindowSums>;
  /**
   * Keeps the release, with its alerts and their deliveries, and forgets the window's receipts and sums. False, with nothing
   * changed, when the window was released before.
   */
  saveRelease(
    whole: WholeRelease,
    alerts: AlertChange,
    keep: { readonly numWindows: number },
  ): Promise<boolean>;
  isReleased(key: WindowKey): Promise<boolean>;
  /** Newest window first. */
  listReleases(
    model: ModelName,
    query: { readonly version?: number; readonly limit: number },
  ): Promise<ReleaseRecord[]>;
  getRelease(model: ModelName, version: number, window: number): Promise<WholeRelease | undefined>;
  /** One cohort's views, newest window first. */
  listViews(query: {
    readonly model: ModelName;
    readonly version: number;
    readonly cohort: string;
    readonly limit: number;
  }): Promise<ReleasedView[]>;
  /** Models with their versions that have a release, newest release first. */
  releasedVersions(): Promise<{ readonly model: ModelName; readonly version: number }[]>;

  /** Adds to what is kept, and forgets all but the newest `numVersions` of these models' versions. */
  addRefusals(counts: readonly RefusalCount[], keep: { readonly numVersions: number }): Promise<void>;
  listRefusals(): Promise<RefusalCount[]>;

  /** Throws VERSION_CONFLICT for a second open alert of one subject. */
  saveAlerts(change: AlertChange): Promise<void>;
  getAlert(alertId: string): Promise<AlertRecord | undefined>;
  /** Newest first. */
  listAlerts(query: {
    readonly model?: ModelName;
    readonly isOpen?: boolean;
    readonly limit: number;
  }): Promise<AlertRecord[]>;
  /** Deliveries that are neither done nor given up, soonest first. */
  pendingDeliveries(): Promise<Delivery[]>;
  saveDelivery(delivery: Delivery): Promise<void>;
}

export interface AlertChange {
  readonly alerts: readonly AlertRecord[];
  readonly deliveries: readonly Delivery[];
}
