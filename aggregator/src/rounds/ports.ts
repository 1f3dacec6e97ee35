import type { Abort, DeviceId, ErrorCode, Report, RoundDown, UpdateEncoding } from "@fedge/protocol";
import type { Clock } from "../clock/clock.js";
import type { ControlStore } from "../store/port.js";
import type { FoldSnapshotRef } from "./journal.js";

/** Bounds from which the fixed-point scale of a round's sum is chosen, so that it cannot overflow. */
export interface FoldBounds {
  readonly numParameters: number;
  readonly maxNorm: number;
  readonly maxExamplesPerDevice: number;
  readonly maxCohortSize: number;
}

export interface UpdateNorms {
  readonly isFinite: boolean;
  readonly l2Norm: number;
}

/** The running example-weighted sum of one round, in memory that does not grow with the cohort. */
export interface Fold {
  /** Empties the sum. */
  begin(bounds: FoldBounds): Promise<void>;
  /** Continues a sum that `snapshot` kept. Throws DATA_CORRUPT when the file is not what the reference says. */
  restore(bounds: FoldBounds, snapshot: FoldSnapshotRef): Promise<void>;
  /** Reads the update without touching the sum; the bytes belong to the fold from now on. */
  check(body: Uint8Array, encoding: UpdateEncoding): Promise<UpdateNorms>;
  /** Adds the update that `check` saw last, weighted. */
  add(numExamples: number): Promise<void>;
  /** Keeps the sum in a new file, atomically. */
  snapshot(fileName: string): Promise<FoldSnapshotRef>;
  forgetSnapshot(fileName: string): Promise<void>;
  /** The bytes of a kept sum. Throws DATA_CORRUPT when the file is not what the reference says. */
  readSnapshot(snapshot: FoldSnapshotRef): Promise<Uint8Array>;
  /** sum(n_k * delta_k) / sum(n_k), length numParameters. Throws INTERNAL when nothing was added. */
  mean(): Promise<Float32Array>;
  /** Frees what the sum holds; calls under way reject. Idempotent. */
  close(): Promise<void>;
}

/** Messages to devices; failures to reach one are not errors, since everything is said again on request. */
export interface DeviceOutbox {
  send(deviceId: DeviceId, message: RoundDown): void;
}

export interface Counters {
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void;
  observe(name: string, value: number, labels?: Readonly<Record<string, string>>): void;
}

export interface Logger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface RoundPorts {
  readonly clock: Clock;
  readonly store: ControlStore;
  readonly fold: Fold;
  readonly outbox: DeviceOutbox;
  readonly counters: Counters;
  readonly logger: Logger;
  /** Payload bytes that devices sent and were sent since the process started. */
  readonly traffic: () => { readonly bytesUp: number; readonly bytesDown: number };
}

/** What the rest of the aggregator tells a running round. */
export interface RoundInbox {
  report(deviceId: DeviceId, report: Report): void;
  abort(deviceId: DeviceId, abort: Abort): void;
  block(deviceId: DeviceId, frame: Uint8Array): void;
  refusedBlock(deviceId: DeviceId, code: ErrorCode): void;
  lost(deviceId: DeviceId): void;
  returned(deviceId: DeviceId): void;
}
