import type { DeviceId, ModelName, RoundId, WireError } from "@fedge/protocol";
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
}

export interface DeviceSeed {
  /** Number of the device in the whole fleet. */
  readonly index: number;
  /** Which of the fleet's examples the device owns. */
  readonly range: ExampleRange;
}

/** Main thread to worker. */
export type FleetCommand =
  /** Devices that vanished in this round may come back, and those that hold a report back may send it. */
  { readonly type: "round-over"; readonly roundId: RoundId } | { readonly type: "close" };

/** Worker to main thread. */
export type FleetReport =
  | { readonly type: "started"; readonly index: number; readonly deviceId: DeviceId }
  | {
      readonly type: "unable";
      readonly roundId: RoundId;
      readonly deviceId: DeviceId;
      readonly why: Inability;
    }
  /** A device failed at something that it deals with by itself. */
  | { readonly type: "trouble"; readonly deviceId: DeviceId; readonly error: WireError }
  | { readonly type: "failed"; readonly error: WireError };
