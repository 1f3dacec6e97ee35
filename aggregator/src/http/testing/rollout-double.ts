import { FedgeError, type DeviceId } from "@fedge/protocol";
import type { RolloutConfig, RolloutId } from "../../rollouts/rollout-config.js";
import type { Actor, RolloutService } from "../../rollouts/rollout-service.js";
import type {
  RolloutCommand,
  RolloutHistoryEntry,
  RolloutPreview,
  RolloutState,
  RolloutView,
  TargetState,
  TargetView,
} from "../../rollouts/rollout-view.js";
import type { PageRequest } from "../../store/port.js";
import { sampleRollout, SAMPLE_START_MS } from "./sample-rollouts.js";

/** From which states a command is allowed, and where it leads. */
const COMMANDS: Readonly<Record<RolloutCommand, { from: readonly RolloutState[]; to: RolloutState }>> = {
  approve: { from: ["waiting-approval"], to: "ready" },
  deny: { from: ["waiting-approval"], to: "denied" },
  start: { from: ["ready"], to: "running" },
  pause: { from: ["running"], to: "paused" },
  resume: { from: ["paused"], to: "running" },
  promote: { from: ["running"], to: "running" },
  "retry-failed": { from: ["running", "paused"], to: "running" },
  abort: { from: ["running", "paused"], to: "aborted" },
  rollback: { from: ["running", "paused", "completed", "aborted"], to: "rolled-back" },
};

export interface GivenCommand {
  readonly rolloutId: RolloutId;
  readonly command: RolloutCommand;
  readonly actor: string;
  readonly reason: string;
}

/** Rollouts in memory that obey commands and reach no device. Its state is public and mutable. */
export class RolloutDouble implements RolloutService {
  rollouts: RolloutView[] = [];
  previewed: RolloutConfig[] = [];
  nextPreview: RolloutPreview = {
    ...{ numMatching: 0, isReturn: false, waves: [], excluded: [], conflicts: [] },
  };
  readonly targetsOf = new Map<string, TargetView[]>();
  readonly historyOf = new Map<string, RolloutHistoryEntry[]>();
  readonly commands: GivenCommand[] = [];
  /** What reading one rollout throws, when something does. */
  failure: Error | null = null;
  /** Called after one rollout was read. */
  onRead: () => void = () => undefined;
  private readonly listeners = new Set<(rolloutId: RolloutId) => void>();

  async create(config: RolloutConfig, actor: Actor): Promise<RolloutView> {
    if (this.rollouts.some((rollout) => rollout.rolloutId === config.rolloutId)) {
      const message = `rollout ${config.rolloutId} exists; choose another --id`;
      throw new FedgeError("ROLLOUT_STATE_CONFLICT", message);
    }
    const state = config.needsApproval ? "waiting-approval" : "ready";
    const reason = `created by ${actor.name}`;
    return this.put(sampleRollout({ config, state, reason, createdBy: actor.name, revision: 1 }));
  }

  async list(page?: PageRequest): Promise<RolloutView[]> {
    if (page === undefined) return [...this.rollouts];
    return this.rollouts.slice(page.offset, page.offset + page.limit);
  }

  async get(rolloutId: RolloutId): Promise<RolloutView> {
    if (this.failure !== null) throw this.failure;
    const found = this.rollouts.find((rollout) => rollout.rolloutId === rolloutId);
    this.onRead();
    if (found !== undefined) return found;
    const message = `there is no rollout ${rolloutId}; \`fedge rollout list\` shows those that exist`;
    throw new FedgeError("ROLLOUT_UNKNOWN", message);
  }

  async preview(config: RolloutConfig): Promise<RolloutPreview> {
    this.previewed.push(config);
    return this.nextPreview;
  }

  async command(
    rolloutId: RolloutId,
    command: RolloutCommand,
    how: { readonly actor: Actor; readonly reason: string; readonly revision?: number },
  ): Promise<RolloutView> {
    const rollout = await this.get(rolloutId);
    requireRevision(rollout, how.revision);
    const { from, to } = COMMANDS[command];
    if (!from.includes(rollout.state)) {
      const message = `rollout ${rolloutId} is ${rollout.state}; ${command} works on ${from.join(" or ")}`;
      throw new FedgeError("ROLLOUT_STATE_CONFLICT", message);
    }
    this.commands.push({ rolloutId, command, actor: how.actor.name, reason: how.reason });
    const approvedBy = command === "approve" ? how.actor.name : rollout.approvedBy;
    const pauseReason = to === "paused" ? "operator" : null;
    return this.put({ ...rollout, state: to, reason: how.reason, approvedBy, pauseReason });
  }

  async edit(
    rolloutId: RolloutId,
    config: RolloutConfig,
    { revision }: Parameters<RolloutService["edit"]>[2],
  ): Promise<RolloutView> {
    const rollout = await this.get(rolloutId);
    requireRevision(rollout, revision);
    const state = config.needsApproval ? "waiting-approval" : "ready";
    return this.put({ ...rollout, config, state, approvedBy: null });
  }

  async delete(rolloutId: RolloutId, _actor: Actor): Promise<void> {
    await this.get(rolloutId);
    this.rollouts = this.rollouts.filter((rollout) => rollout.rolloutId !== rolloutId);
    this.emit(rolloutId);
  }

  async targets(rolloutId: RolloutId, page?: PageRequest, state?: TargetState) {
    await this.get(rolloutId);
    const all = this.targetsOf.get(rolloutId) ?? [];
    const found = all.filter((target) => state === undefined || target.state === state);
    const { limit, offset } = page ?? { limit: found.length, offset: 0 };
    return { total: found.length, targets: found.slice(offset, offset + limit) };
  }

  async history(rolloutId: RolloutId): Promise<RolloutHistoryEntry[]> {
    await this.get(rolloutId);
    return this.historyOf.get(rolloutId) ?? [];
  }

  async timeline(deviceId: DeviceId) {
    const entries = [...this.targetsOf].flatMap(([rolloutId, targets]) =>
      targets.map((target) => ({ ...target, rolloutId: rolloutId as RolloutId })),
    );
    return entries
      .filter((entry) => entry.deviceId === deviceId)
      .sort((one, other) => other.changedAtMs - one.changedAtMs);
  }

  onChange(listener: (rolloutId: RolloutId) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get numListeners(): number {
    return this.listeners.size;
  }

  emit(rolloutId: RolloutId): void {
    for (const listener of this.listeners) listener(rolloutId);
  }

  /** Stores it as a change, newest first, with the next revision. */
  put(rollout: RolloutView): RolloutView {
    const index = this.rollouts.findIndex((other) => other.rolloutId === rollout.rolloutId);
    const stored = index === -1 ? rollout : { ...rollout, revision: rollout.revision + 1 };
    const changed = { ...stored, changedAtMs: SAMPLE_START_MS + stored.revision * 1000 };
    this.rollouts =
      index === -1
        ? [changed, ...this.rollouts]
        : this.rollouts.map((old, at) => (at === index ? changed : old));
    this.emit(rollout.rolloutId);
    return changed;
  }
}

function requireRevision({ rolloutId, revision, reason }: RolloutView, seen: number | undefined): void {
  if (seen === undefined || seen === revision) return;
  const message = `rollout ${rolloutId} has changed (revision ${revision}, not ${seen}): ${reason}; look at it again`;
  throw new FedgeError("ROLLOUT_CHANGED", message, { details: { revision } });
}
