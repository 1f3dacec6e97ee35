import type { ErrorCode, ModelName } from "@fedge/protocol";
import type { DriftStatus } from "./monitor/drift-status.js";
import type { InstallStatus } from "./installs/install-report.js";
import type { RoundPhase } from "./rounds/participation-state.js";

/** What the app can listen to, and what its listeners are given. */
export interface DeviceEventMap {
  /** Another version serves from now on. */
  version: { readonly model: ModelName; readonly version: number };
  /** A step towards another version, or back. */
  install: { readonly model: ModelName } & InstallStatus;
  /** A step of this device's part in a round. */
  round: { readonly roundId: string; readonly phase: RoundPhase; readonly code: ErrorCode | null };
  /** The feature log has more rows, or fewer. */
  log: { readonly numRows: number; readonly sizeBytes: number };
  /** What keeps the device from training has changed; none when nothing does. */
  conditions: { readonly waitingFor: readonly string[] };
  /** A window has ended, or another version is watched: how the model's data compare with its reference. */
  drift: { readonly model: ModelName } & DriftStatus;
  /** Log, models and key are erased; the device is closed. */
  forgotten: { readonly isServerTold: boolean };
  /** The connection came or went. */
  state: { readonly isOnline: boolean };
  /** Something failed that the device deals with by itself. */
  error: unknown;
}

type Listeners = { [K in keyof DeviceEventMap]: Set<(detail: DeviceEventMap[K]) => void> };

/** An app's listener that throws must not end what the device was doing. */
export class DeviceEvents {
  readonly #listeners: Listeners = {
    version: new Set(),
    install: new Set(),
    round: new Set(),
    log: new Set(),
    conditions: new Set(),
    drift: new Set(),
    forgotten: new Set(),
    state: new Set(),
    error: new Set(),
  };

  on<K extends keyof DeviceEventMap>(event: K, listener: (detail: DeviceEventMap[K]) => void): () => void {
    this.#listeners[event].add(listener);
    return () => this.#listeners[event].delete(listener);
  }

  emit<K extends keyof DeviceEventMap>(event: K, detail: DeviceEventMap[K]): void {
    for (const listener of [...this.#listeners[event]]) {
      try {
        listener(detail);
      } catch (error) {
        if (event !== "error") this.emit("error", error);
      }
    }
  }
}
