import type { DeviceId, ProfileWindow, ProfileWindowReceipt } from "@fedge/protocol";
import { encodeVector } from "@fedge/protocol/profile";
import { ManualClock } from "../../clock/manual-clock.js";
import type { DatabaseStore } from "../../store/drizzle-store.js";
import type { DeviceRecord } from "../../store/port.js";
import type { WholeRelease } from "../drift-store.js";
import { checkDriftPolicy, type DriftPolicy } from "../drift-policy.js";
import { ProfileIntake } from "../intake/profile-intake.js";
import { RefusedWindows } from "../intake/refused-windows.js";
import { WindowBatch } from "../intake/window-batch.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import { WindowCloser, type WindowCloserOptions } from "../releases/window-closer.js";
import { ClearSums } from "../sums/clear-sums.js";
import { countsOf } from "./simulated-device.js";

/** Intake and closing of windows over a real store, of one monitored version, on a clock of the test's. */
export interface OpenedDrift {
  readonly clock: ManualClock;
  readonly intake: ProfileIntake;
  readonly closer: WindowCloser;
  readonly answers: (ProfileWindowReceipt & { readonly deviceId: DeviceId })[];
  readonly released: WholeRelease[];
  /** `name{label}` of everything that was counted. */
  readonly counted: Map<string, number>;
  /** The window that the clock stands in. */
  window(): number;
  /** What a device would send of a window in which every feature has these values. */
  message(values: readonly number[], change?: Partial<ProfileWindow>): ProfileWindow;
  /** Goes beyond the window's end and its grace, and closes it. */
  closeWindow(): Promise<void>;
}

export interface OpenDriftOptions {
  readonly store: Pick<DatabaseStore, "drift">;
  readonly monitored: MonitoredVersion;
  /** Other versions, with the same profile. */
  readonly otherVersions?: readonly number[];
  readonly policy?: Partial<DriftPolicy>;
  readonly startMs?: number;
  readonly platformOf?: (deviceId: DeviceId) => string;
  readonly device?: (deviceId: DeviceId) => DeviceRecord | undefined;
  readonly alerts?: WindowCloserOptions["alerts"];
  readonly refused?: RefusedWindows;
}

export async function openDriftForTest(options: OpenDriftOptions): Promise<OpenedDrift> {
  const { store, monitored, platformOf = () => "node" } = options;
  const { device = (deviceId) => deviceOf(deviceId, platformOf(deviceId)) } = options;
  const clock = new ManualClock(options.startMs);
  const policy = checkDriftPolicy({ minDevices: 20, ...options.policy });
  const [answers, released]: [OpenedDrift["answers"], WholeRelease[]] = [[], []];
  const { counted, counters } = countersForTest();
  const batch = new WindowBatch({ store: store.drift, sums: new ClearSums() });
  const versions = versionsOf(monitored, options.otherVersions);
  const shared = { versions, batch, policy, clock, counters, logger: SILENT };
  const closer = new WindowCloser({
    ...{ ...shared, store: store.drift },
    alerts: options.alerts ?? NO_ALERTS,
    onReleased: (whole) => released.push(whole),
  });
  const intake = new ProfileIntake({
    ...{ ...shared, refused: options.refused ?? new RefusedWindows() },
    devices: { getDevice: async (deviceId) => device(deviceId) },
    answer: async (deviceId, receipt) => void answers.push({ ...receipt, deviceId }),
    onCounted: (key, closesAtMs) => closer.expect(key, closesAtMs),
  });
  await closer.start();
  const { lengthMs } = monitored.profile.window;
  const window = () => Math.floor(clock.nowMs() / lengthMs);
  return {
    ...{ clock, intake, closer, answers, released, counted, window },
    message: (values, change = {}) => ({
      ...{ type: "profile-window", model: monitored.model, version: monitored.version, window: window() },
      ...{ layoutSha256: monitored.profile.layoutSha256, replicate: 0 },
      vector: textOf(countsOf(monitored)(values.length, (row) => values[row] ?? null)),
      ...change,
    }),
    closeWindow: async () => {
      clock.advance(2 * lengthMs + 3_600_000);
      await closer.closeDue();
    },
  };
}

function versionsOf(monitored: MonitoredVersion, others: readonly number[] = []) {
  const known = new Set([monitored.version, ...others]);
  return {
    of: async (model: string, version: number) =>
      model === monitored.model && known.has(version) ? { ...monitored, version } : null,
  };
}

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

interface TestCounters {
  readonly counted: Map<string, number>;
  readonly counters: {
    count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void;
    observe(): void;
  };
}

function countersForTest(): TestCounters {
  const counted = new Map<string, number>();
  const count = (name: string, labels: Readonly<Record<string, string>> = {}, by = 1): void => {
    const text = `${name}{${Object.values(labels).join(",")}}`;
    counted.set(text, (counted.get(text) ?? 0) + by);
  };
  return { counted, counters: { count, observe: () => undefined } };
}

/** A vector as messages carry it. */
export function textOf(vector: Uint32Array): string {
  return Buffer.from(encodeVector(vector)).toString("base64");
}

/** A device of the fleet on that platform. */
export function deviceOf(deviceId: DeviceId, platform: string): DeviceRecord {
  return {
    ...{ deviceId, platform, publicKey: "", enrolledAtMs: 0, lastSeenAtMs: 0, presence: "online" },
    ...{ session: 1, runtimeVersion: "0.1.0", engine: "onnx", serving: {}, attributes: {}, tags: [] },
    ...{ decommissionedAtMs: null, untrusting: null },
  };
}

const NO_ALERTS: WindowCloserOptions["alerts"] = {
  seenIn: async () => ({ alerts: [], deliveries: [] }),
  quietIn: async () => undefined,
  exclusively: (run) => run(),
};
