import type { DevicePorts } from "../ports/ports.js";
import type { InstallStatus } from "./install-report.js";
import type { InstallGoal } from "./install-state.js";
import type { InstallWorkParts } from "./install-work.js";
import type { SlotServerParts } from "./slot-server.js";

/** What the installer of one model is made of. */
export interface ModelInstallerParts extends Omit<SlotServerParts, "work">, InstallWorkParts {
  readonly ports: InstallWorkParts["ports"] & Pick<DevicePorts, "store" | "random" | "digest">;
  /** Asks the server for a message, to see that it can be reached. */
  readonly askServer: () => void;
  /** The state of an attempt has changed. */
  readonly onChange: (status: InstallStatus) => void;
  /** An attempt has ended: blobs may be of no use any more. */
  readonly onSettled: () => void;
  /** A release that is older than the one before. */
  readonly onRefused: (goal: InstallGoal) => void;
}
