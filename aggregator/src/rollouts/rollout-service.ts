import type { DeviceId } from "@fedge/protocol";
import type { PageRequest } from "../store/port.js";
import type { RolloutConfig, RolloutId } from "./rollout-config.js";
import type {
  RolloutCommand,
  RolloutHistoryEntry,
  RolloutPreview,
  RolloutView,
  TargetState,
  TargetView,
} from "./rollout-view.js";

/** Who does it, and whether he may also approve. */
export interface Actor {
  /** Account or token name, or `system`. */
  readonly name: string;
  readonly mayApprove: boolean;
}

/** Everything that HTTP, the command line and pages can ask of rollouts. All may throw FedgeError. */
export interface RolloutService {
  /**
   * Throws OPTION_INVALID, FILTER_INVALID, MODEL_UNKNOWN, VERSION_UNKNOWN, or ROLLOUT_STATE_CONFLICT when the id exists.
   * One that needs approval waits for it.
   */
  create(config: RolloutConfig, actor: Actor): Promise<RolloutView>;
  /** Newest first. */
  list(page?: PageRequest): Promise<RolloutView[]>;
  /** Throws ROLLOUT_UNKNOWN. */
  get(rolloutId: RolloutId): Promise<RolloutView>;
  preview(config: RolloutConfig): Promise<RolloutPreview>;
  /**
   * Throws ROLLOUT_STATE_CONFLICT when the state does not allow it, ROLLOUT_CHANGED when `revision` is given and somebody
   * changed the rollout since, APPROVAL_REQUIRED, and SELF_APPROVAL for the creator's own approval.
   */
  command(
    rolloutId: RolloutId,
    command: RolloutCommand,
    how: { readonly actor: Actor; readonly reason: string; readonly revision?: number },
  ): Promise<RolloutView>;
  /**
   * Replaces what was not started yet; an approval given before is void. Throws ROLLOUT_STATE_CONFLICT after the start, and
   * ROLLOUT_CHANGED when `revision` is given and somebody changed the rollout since.
   */
  edit(
    rolloutId: RolloutId,
    config: RolloutConfig,
    how: { readonly actor: Actor; readonly revision?: number },
  ): Promise<RolloutView>;
  /** What never started disappears; what did is hidden from lists and keeps its history. */
  delete(rolloutId: RolloutId, actor: Actor): Promise<void>;
  targets(
    rolloutId: RolloutId,
    page?: PageRequest,
    state?: TargetState,
  ): Promise<{ readonly total: number; readonly targets: TargetView[] }>;
  history(rolloutId: RolloutId): Promise<RolloutHistoryEntry[]>;
  /** Everything that happened to one device in rollouts, newest first. */
  timeline(deviceId: DeviceId): Promise<readonly (TargetView & { readonly rolloutId: RolloutId })[]>;
  onChange(listener: (rolloutId: RolloutId) => void): () => void;
}
