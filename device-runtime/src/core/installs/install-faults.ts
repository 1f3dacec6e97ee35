import type { ErrorCode, InstallState } from "@fedge/protocol";
import type { InstallFault } from "./install-state.js";

export const CANCELED: InstallFault = {
  code: "INSTALL_CANCELED",
  message: "the release was called off; the version before serves",
};

export const SUPERSEDED: InstallFault = {
  code: "INSTALL_SUPERSEDED",
  message: "another release is wanted; it is taken up instead",
};

export const LOOP: InstallFault = {
  code: "INSTALL_LOOP",
  message: "the attempt went in circles; look at the device's errors, then retry",
};

export const TIMED_OUT: InstallFault = {
  code: "INSTALL_TIMED_OUT",
  message: "the state's deadline has passed; retry when the device can be reached",
};

export const CRASHED: InstallFault = {
  code: "PROBATION_CRASHED",
  message: "the app ended without a goodbye too often with this version; look for crashes",
};

/** Nothing has changed in these: a cancellation is free. */
export const UNCHANGED: ReadonlySet<InstallState> = new Set([
  "assigned",
  "downloading",
  "verifying",
  "staged",
]);

/** These run the new version's code, or the old one's anew: a process that ends in them counts as a crash. */
export const CRASHES: ReadonlySet<InstallState> = new Set([
  "verifying",
  "activating",
  "probation",
  "rolling-back",
]);

/** What will never fit this device, however often it is tried. */
export const REFUSALS: ReadonlySet<ErrorCode> = new Set(["MODEL_INCOMPATIBLE"]);

/** What may go well the next time, with the same version: the line, the disk, metadata or an engine to be fetched. */
export const PASSING: ReadonlySet<ErrorCode> = new Set([
  "DEADLINE_EXCEEDED",
  "TRANSPORT_FAILED",
  "STORAGE_FULL",
  "STORAGE_FAILED",
  "ENGINE_UNAVAILABLE",
  "METADATA_UNAVAILABLE",
  "METADATA_EXPIRED",
  "TARGET_UNKNOWN",
]);

/** Mender's guard against states that lead to each other for ever. */
export const MAX_TRANSITIONS = 50;
