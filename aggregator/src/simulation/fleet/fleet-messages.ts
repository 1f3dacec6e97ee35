import type {
  DeviceAttributes,
  DeviceId,
  InstallState,
  ModelName,
  RoundId,
  WireError,
} from "@fedge/protocol";
import type { Verdict } from "@fedge/protocol/profile";
import type { FaultRates } from "../faults/fate.js";
import type { Inability } from "../faults/deadline-skipper.js";
import type { ExampleRange, FleetExamples } from "./fleet-examples.js";

/** What a worker thread needs to host its share of the fleet. The examples are shared memory. */
export interface FleetWorkerData {
  readonly serverUrl: string;
  readonly model: ModelName;
  /** Names of the train graph's inputs. */
  readonly inputName: string;
  readonly targetName: string;
  readonly examples: FleetExamples;
  readonly devices: readonly DeviceSeed[];
  readonly seed: string;
  readonly faults: FaultRates;
  /** How apps use their devices; null for devices that only train. */
  readonly use: FleetUse | null;
}

/** What an app with a person in front of it does: predicts again and again, and sometimes hears what was true. */
export interface FleetUse {
  /** From one prediction of a device to its next. */
  readonly everyMs: number;
  /** Of the predictions, those whose truth comes. */
  readonly labelShare: number;
  /** Between two messages of serving metrics. */
  readonly metricsIntervalMs: number;
  /** Devices train on what they predicted and labelled, not on examples that they were given. */
  readonly learnsFromLog?: boolean;
}

export interface DeviceSeed {
  /** Number of the device in the whole fleet. */
  readonly index: number;
  /** Which of the fleet's examples the device owns. */
  readonly range: ExampleRange;
  /** Which ones it predicts, and does not train on. */
  readonly heldOut?: ExampleRange;
  /** Which ones it predicts once the world has changed; the same as before where it is absent. */
  readonly later?: ExampleRange;
  readonly attributes?: DeviceAttributes;
}

/** Main thread to worker. */
export type FleetCommand =
  /** Devices that vanished in this round may come back, and those that hold a report back may send it. */
  | { readonly type: "round-over"; readonly roundId: RoundId }
  /** From its activation of this version on, a device reaches nobody any more. */
  | { readonly type: "cut-off-at"; readonly version: number }
  | { readonly type: "change-world" }
  | { readonly type: "close" };

/** Something that a device did, as it was seen beside it: also where no server hears of it. */
export type DeviceStep = {
  readonly index: number;
  readonly deviceId: DeviceId;
  readonly version: number;
  readonly atMs: number;
} & (
  | { readonly what: "serves" }
  /** A window of the device's own monitor has ended. */
  | { readonly what: "judges"; readonly verdict: Verdict; readonly features: readonly string[] }
  | { readonly what: "installs"; readonly state: InstallState; readonly reason: string | null }
);

/** Worker to main thread. */
export type FleetReport =
  | { readonly type: "started"; readonly index: number; readonly deviceId: DeviceId }
  | {
      readonly type: "unable";
      readonly roundId: RoundId;
      readonly deviceId: DeviceId;
      readonly why: Inability;
    }
  | ({ readonly type: "step" } & DeviceStep)
  /** A device failed at something that it deals with by itself. */
  | { readonly type: "trouble"; readonly deviceId: DeviceId; readonly error: WireError }
  | { readonly type: "failed"; readonly error: WireError };
