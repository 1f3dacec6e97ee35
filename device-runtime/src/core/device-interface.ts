import type { Assigned, DeviceAttributes } from "@fedge/protocol";
import type { DeviceEventMap } from "./device-events.js";
import type { BaselineSource } from "./installs/baseline.js";
import type { InstallStatus } from "./installs/install-report.js";
import type { LogLimits, LogOptions } from "./feature-log/log-limits.js";
import type { LogField, LogRow } from "./feature-log/log-row.js";
import type { LogQuery, LogSelection } from "./feature-log/log-selection.js";
import type { DriftStatus } from "./monitor/drift-status.js";
import type { Consent } from "./ports/application.js";
import type { Problem } from "./problems.js";
import type { TrainingRecord } from "./rounds/training-history.js";
import type { ModelInputs } from "./serving/check-inputs.js";
import type { Prediction } from "./serving/model-host.js";
import type { TensorLike } from "./serving/tensor-types.js";

/** What the app decides; everything else is a port. */
export interface DeviceOptions {
  /** Models that the app uses, by name. */
  readonly models: readonly string[];
  /** Both are off by default. */
  readonly consent?: Partial<Consent>;
  /** How much the device remembers of its predictions; false for nothing. */
  readonly featureLog?: LogOptions | false;
  /** The TUF root that came with the app; without one, the one that the server names at enrolment is trusted. */
  readonly trustedRoot?: Uint8Array;
  /** Which part of the tenant's devices it belongs to: releases for another one are refused. */
  readonly population?: string;
  /** What whoever starts the device has found wrong with the place where it runs. */
  readonly problems?: readonly Problem[];
  /** Names the platform for the operator, such as `node 20.19 linux`. */
  readonly platform: string;
  /** What the app says of the device, for the operator's filters: `region`, `app`. Sent with every birth. */
  readonly attributes?: DeviceAttributes;
  /** Versions that come with the app, by model: they serve when nothing else does. */
  readonly baseline?: Readonly<Record<string, BaselineSource>>;
  /** Tells when the page goes without closing the device, which then is no crash; the returned function ends that. */
  readonly onLeaving?: (listener: () => void) => () => void;
  /** Least time between two messages of serving metrics; a minute by default. */
  readonly metricsIntervalMs?: number;
  /** Held before an update is reported; for tests and simulations. */
  readonly beforeReport?: (assignment: Assigned) => Promise<void>;
}

/** Where a device stands at the moment of the question. */
export interface DeviceStatus {
  readonly deviceId: string | null;
  readonly isOnline: boolean;
  /** Version that serves, by model; null before the first arrives. */
  readonly versions: Readonly<Record<string, number | null>>;
  /** When that version began to serve, UTC epoch milliseconds; null before, and where a device does not know. */
  readonly installedAtMs: Readonly<Record<string, number | null>>;
  /** The work on the newest release, by model; null where there was none. */
  readonly installs: Readonly<Record<string, InstallStatus | null>>;
  /** Runs the models, with its version. */
  readonly engine: string;
  /** The feature log. */
  readonly log: LogStatus;
  readonly round: { readonly phase: string; readonly roundId: string | null };
  /** The last local trainings, the newest first. */
  readonly trainings: readonly TrainingRecord[];
  /** How the data of each model compare with its reference; only of versions that have one. */
  readonly drift: Readonly<Record<string, DriftStatus>>;
  /** What keeps the device from training, in words that a person can read; none when nothing does. */
  readonly waitingFor: readonly string[];
  /** What the device goes on without, such as a disk with room; none when all is well. */
  readonly problems: readonly Problem[];
  readonly consent: Consent;
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Messages that arrived and could not be decoded; each is also an "error" event. */
  readonly numMessagesRefused: number;
}

/** One of the device's models, whichever version serves. */
export interface DeviceModel {
  /**
   * The model's answer. An input is a tensor, or its values alone where at most the first axis of the model's input is
   * open. Throws MODEL_NOT_READY, MODEL_INPUT_INVALID or ENGINE_FAILED.
   */
  predict(inputs: ModelInputs): Promise<Prediction>;
  /** The version that serves now; null before the first arrives. */
  readonly version: number | null;
}

/** What an app embeds: serves models, keeps them current, and trains when it may. */
export interface Device {
  /** Throws MODEL_UNKNOWN for a name that was not among the options' models. */
  model(name: string): DeviceModel;
  /**
   * Notes what became of a prediction, beside what was noted before; on disk when it resolves.
   * Throws PREDICTION_UNKNOWN, OPTION_INVALID, STORAGE_FULL or STORAGE_FAILED.
   */
  log(id: string, fields: Readonly<Record<string, LogField>>): Promise<void>;
  /**
   * Says what turned out to be true, however late: an example to train on. A later label replaces an earlier one; on
   * disk when it resolves. Throws PREDICTION_UNKNOWN, LABEL_INVALID, STORAGE_FULL or STORAGE_FAILED.
   */
  label(id: string, truth: TensorLike): Promise<void>;
  /** What the device remembers, for the person whose it is. */
  readonly featureLog: FeatureLogView;
  /** Calls the listener at every event; the returned function ends that. */
  on<K extends keyof DeviceEventMap>(event: K, listener: (detail: DeviceEventMap[K]) => void): () => void;
  /** A snapshot; it does not change afterwards. */
  status(): DeviceStatus;
  /** Takes effect at once: training stops when its consent is withdrawn. */
  setConsent(consent: Partial<Consent>): void;
  /**
   * Erases log, models, rounds and key, tells the server to forget the device, and closes it. A server that cannot be
   * reached is told when a device is next created here; resolves with whether it knows. Throws STORAGE_FAILED.
   */
  forget(): Promise<{ readonly isServerTold: boolean }>;
  /** Says goodbye, stops training between two steps, frees everything. Idempotent. */
  close(): Promise<void>;
}

/** What the feature log holds, what for, and how long at most. */
export interface LogStatus extends Pick<LogLimits, "maxRows" | "maxBytes" | "maxAgeMs"> {
  /** With those that wait to be written. */
  readonly numRows: number;
  /** In the store. */
  readonly sizeBytes: number;
  /** As the app has said; null when it never has. */
  readonly purpose: string | null;
}

/** What a device remembers of its predictions. A device without a feature log remembers none. */
export interface FeatureLogView {
  /**
   * Rows that fit, the newest first; 100 unless `limit` says otherwise. Throws OPTION_INVALID for what says nothing of
   * rows, STORAGE_FAILED, CLOSED.
   */
  query(query?: LogQuery): Promise<readonly LogRow[]>;
  /**
   * Erases for good; everything without a selection, or with one without fields. Resolves with how many rows. Throws as
   * `query`.
   */
  erase(selection?: LogSelection): Promise<number>;
  /**
   * All that the device remembers, or the rows that fit, for the person whose it is: lines of JSON, each with its line
   * end. The first says what the rows are kept for and how long, each other one is a row, the newest first; 64-bit
   * integers are text. What is erased meanwhile is left out. Throws as `query`.
   */
  export(selection?: LogSelection): AsyncIterable<string>;
}
