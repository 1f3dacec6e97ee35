import type { DeviceId, ErrorCode, InstallState } from "@fedge/protocol";
import type { RolloutConfig } from "./rollout-config.js";
import type { ComparisonView, GateView, RolloutCommand } from "./rollout-view.js";

/** What a device said of its installation, as far as the machine looks at it. */
export interface ReportFacts {
  readonly releaseCounter: number;
  readonly attempt: number;
  readonly step: number;
  readonly state: InstallState;
  readonly code: ErrorCode | null;
  readonly message: string | null;
}

/** Everything that moves a rollout. What changes it is its journal; a rollout's state is the fold of these. */
export type RolloutEvent = { readonly atMs: number } & (
  | {
      readonly type: "created";
      readonly actor: string;
      readonly config: RolloutConfig;
      readonly fallbackVersion: number | null;
      readonly isReturn: boolean;
    }
  | {
      readonly type: "edited";
      readonly actor: string;
      readonly config: RolloutConfig;
      /** False unless said. */
      readonly isReturn?: boolean | undefined;
    }
  | { readonly type: "deleted"; readonly actor: string }
  | {
      readonly type: "command";
      readonly actor: string;
      readonly command: RolloutCommand;
      readonly reason: string;
      /** What the fleet runs at the time: what devices go back to. */
      readonly fallbackVersion?: number | null | undefined;
    }
  /** Time passes; whether devices may start now, or never again, is for the calendar to say. */
  | { readonly type: "tick"; readonly isWindowOpen: boolean; readonly isLapsed?: true | undefined }
  | {
      readonly type: "wave-opened";
      readonly wave: number;
      readonly devices: readonly DeviceId[];
      readonly numMatching: number;
    }
  | {
      readonly type: "members-changed";
      readonly joined: readonly DeviceId[];
      readonly removed: readonly DeviceId[];
    }
  | { readonly type: "reported"; readonly deviceId: DeviceId; readonly report: ReportFacts }
  /** The device came online; `serves` is the version it says it serves. */
  | { readonly type: "seen"; readonly deviceId: DeviceId; readonly serves: number | null }
  | {
      readonly type: "released";
      readonly purpose: "forward" | "back";
      readonly version: number;
      readonly releaseCounter: number;
    }
  | { readonly type: "looked"; readonly wave: number; readonly gates: readonly GateView[] }
  /** A bandit's new shares come with what they were drawn from; a decision ends the comparison. */
  | {
      readonly type: "compared";
      readonly comparison: ComparisonView;
      readonly shares: readonly number[];
      readonly isDecided: boolean;
    }
  | { readonly type: "replaced"; readonly devices: readonly DeviceId[]; readonly by: string }
);

/** What to do once the event is durable. All may be done again after a restart. */
export type RolloutEffect =
  | { readonly type: "sign-release"; readonly purpose: "forward" | "back"; readonly version: number }
  | { readonly type: "open-wave"; readonly wave: number }
  | { readonly type: "tell"; readonly devices: readonly DeviceId[] }
  | { readonly type: "tell-back"; readonly devices: readonly DeviceId[] }
  /** The release becomes what the whole fleet runs, newcomers included. */
  | { readonly type: "promote"; readonly purpose: "forward" | "back" }
  | { readonly type: "look"; readonly wave: number }
  | { readonly type: "compare" };
