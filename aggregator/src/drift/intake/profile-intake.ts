import {
  errorCodeOf,
  FedgeError,
  type DeviceId,
  type ProfileWindow,
  type ProfileWindowReceipt,
} from "@fedge/protocol";
import { decodeVector } from "@fedge/protocol/profile";
import type { Clock } from "../../clock/clock.js";
import type { Counters } from "../../rounds/ports.js";
import type { ControlStore } from "../../store/port.js";
import { graceOf, type DriftPolicy } from "../drift-policy.js";
import type { MonitoredVersion, MonitoredVersions } from "../references/monitored-version.js";
import type { WindowKey } from "../sums/window-key.js";
import { cohortsOf } from "./device-cohorts.js";
import { checkWindow } from "./window-check.js";
import type { RefusedWindows, WindowRefusal } from "./refused-windows.js";
import type { WindowBatch } from "./window-batch.js";

export interface ProfileIntakeOptions {
  readonly versions: Pick<MonitoredVersions, "of">;
  readonly batch: Pick<WindowBatch, "count">;
  readonly devices: Pick<ControlStore, "getDevice">;
  readonly policy: DriftPolicy;
  readonly clock: Pick<Clock, "nowMs">;
  readonly counters: Counters;
  readonly refused: Pick<RefusedWindows, "count">;
  /** Tells the device. */
  readonly answer: (deviceId: DeviceId, receipt: ProfileWindowReceipt) => Promise<void>;
  /** Told of a window that has counts, so that it will be closed. */
  readonly onCounted: (key: WindowKey, closesAtMs: number) => void;
}

/**
 * Takes the counts that devices made of their windows. Each is checked cell by cell, counted once, and answered only when
 * it is durable; a device whose window will never count is told so, that it need not send it again.
 */
export class ProfileIntake {
  constructor(private readonly options: ProfileIntakeOptions) {}

  /** Throws what was wrong with the message, after the device was told. */
  async take(deviceId: DeviceId, message: ProfileWindow): Promise<void> {
    const monitored = await this.options.versions.of(message.model, message.version);
    try {
      const isCounted = monitored !== null && (await this.#count(deviceId, message, monitored));
      if (monitored === null) this.#countRefusal("not-monitored");
      await this.#answer(deviceId, message, isCounted);
    } catch (error) {
      const code = errorCodeOf(error);
      // The store's failure is no answer: the device sends again.
      if (code !== "VECTOR_INVALID" && code !== "VECTOR_LAYOUT_MISMATCH") throw error;
      this.#refuse(message, code === "VECTOR_INVALID" ? "invalid" : "layout");
      await this.#answer(deviceId, message, false);
      throw error;
    }
  }

  /** False for a window that is closed or has not begun. A window that was counted before counts as counted. */
  async #count(deviceId: DeviceId, message: ProfileWindow, monitored: MonitoredVersion): Promise<boolean> {
    const { window, layoutSha256, replicate } = message;
    const closesAtMs = closingOf(monitored, window, this.options.policy);
    if (!this.#isOpen(monitored, window, closesAtMs)) return false;
    const vector = decodeWindow(monitored, message);
    const device = await this.options.devices.getDevice(deviceId);
    if (device === undefined || device.decommissionedAtMs !== null)
      throw new FedgeError("DEVICE_UNKNOWN", "counts of a device that is not in the fleet any more");
    const { model, version } = monitored;
    const key = { model, version, layoutSha256, window };
    const cohorts = cohortsOf(device, this.options.policy.cohortAttributes);
    const checked = { deviceId, key, replicate, cohorts, vector, layout: monitored.layout };
    if (!(await this.options.batch.count(checked))) {
      this.#countRefusal("duplicate");
      return true;
    }
    this.options.onCounted(key, closesAtMs);
    return true;
  }

  #isOpen(monitored: MonitoredVersion, window: number, closesAtMs: number): boolean {
    const { profile } = monitored;
    const nowMs = this.options.clock.nowMs();
    // Devices' clocks are a little ahead, never a whole window.
    const isAhead = window * profile.window.lengthMs > nowMs + profile.window.lengthMs;
    const refusal = nowMs >= closesAtMs ? "late" : isAhead ? "not-begun" : null;
    if (refusal !== null) this.#refuse(monitored, refusal);
    return refusal === null;
  }

  /** A window of a monitored version that is in no sum. */
  #refuse({ model, version }: Pick<MonitoredVersion, "model" | "version">, reason: WindowRefusal): void {
    this.#countRefusal(reason);
    this.options.refused.count(model, version, reason);
  }

  #countRefusal(reason: WindowRefusal | "duplicate" | "not-monitored"): void {
    this.options.counters.count("fedge_profile_windows_refused_total", { reason });
  }

  #answer(deviceId: DeviceId, message: ProfileWindow, isCounted: boolean): Promise<void> {
    const { model, version, window } = message;
    return this.options.answer(deviceId, {
      type: "profile-window-received",
      ...{ model, version, window, isCounted },
    });
  }
}

/** When a window's counts are released: its end, and the time that counts may take to come. */
export function closingOf({ profile }: MonitoredVersion, window: number, policy: DriftPolicy): number {
  const { lengthMs } = profile.window;
  return (window + 1) * lengthMs + graceOf(policy, lengthMs);
}

/** The checked vector. Throws VECTOR_LAYOUT_MISMATCH or VECTOR_INVALID. */
export function decodeWindow(
  monitored: MonitoredVersion,
  { layoutSha256, vector: text }: Pick<ProfileWindow, "layoutSha256" | "vector">,
): Uint32Array {
  if (layoutSha256 !== monitored.profile.layoutSha256)
    throw new FedgeError(
      "VECTOR_LAYOUT_MISMATCH",
      `counts in a layout that is not the one of ${monitored.model}@${monitored.version}`,
    );
  const vector = decodeVector(Buffer.from(text, "base64"), monitored.layout.numCells);
  checkWindow(monitored, vector);
  return vector;
}
