import type { DeviceId, ModelName } from "@fedge/protocol";
import type { AnchoredAudit } from "../audit/audit.js";
import type { Clock } from "../clock/clock.js";
import type { WantedModel } from "../fleet/desired-states.js";
import type { Counters, Logger } from "../rounds/ports.js";
import type { RolloutConfig } from "./rollout-config.js";
import type { RolloutState } from "./rollout-state.js";
import type { RolloutStore } from "./rollout-store.js";
import type { ComparisonView, GateView } from "./rollout-view.js";

/** What devices should run, as far as rollouts change it. */
export interface DesiredPort {
  prepare(release: {
    readonly model: ModelName;
    readonly version: number;
    readonly releaseCounter: number;
    readonly owner: string;
  }): Promise<WantedModel>;
  releaseBlobs(owner: string): void;
  override(deviceId: DeviceId, wanted: WantedModel): void;
  wantedOf(deviceId: DeviceId, model: ModelName): WantedModel | undefined;
  tellAll(devices: readonly DeviceId[]): Promise<void>;
  tellEveryone(): Promise<void>;
  adopt(model: ModelName, version: number, releaseCounter: number): Promise<void>;
  fleetVersion(model: ModelName): number | null;
}

/** What is in a wave, who wants the same devices, and what the fleet measured: answered from beyond one rollout. */
export interface RolloutSurroundings {
  readonly clock: Clock;
  readonly store: RolloutStore;
  readonly desired: DesiredPort;
  readonly audit: AnchoredAudit;
  readonly counters: Counters;
  readonly logger: Logger;
  /** Devices of the wave that no better rollout wants, in telling order, and how many match the rollout's filter. */
  members(
    state: RolloutState,
    wave: number,
  ): Promise<{ readonly devices: readonly DeviceId[]; readonly numMatching: number }>;
  /** Devices were told by this rollout: older ones lose them. */
  onTold(config: RolloutConfig, devices: readonly DeviceId[]): void;
  /** Devices run the shadow of this rollout no more: those that it pushed aside have them again. */
  onShadowEnded(config: RolloutConfig, devices: readonly DeviceId[]): void;
  isOnline(deviceId: DeviceId): boolean;
  /** A wave opens: what the control cohort counted before it is no control. */
  begin(state: RolloutState): Promise<void>;
  look(state: RolloutState): Promise<readonly GateView[]>;
  compare(state: RolloutState): Promise<Comparison | null>;
  onChange(state: RolloutState): void;
}

export interface Comparison {
  readonly comparison: ComparisonView;
  readonly shares: readonly number[];
  readonly isDecided: boolean;
}
