import { FedgeError, type DeviceId } from "@fedge/protocol";
import type { ControlStore, PageRequest } from "../store/port.js";
import { checkConfig, requireFutureEnd } from "./check-config.js";
import type { FleetOfRollouts } from "./fleet-view.js";
import type { RolloutSurroundings } from "./ports.js";
import type { RolloutConfig, RolloutId } from "./rollout-config.js";
import { giveBack, takeOver } from "./device-claims.js";
import { isStarted, openRollout } from "./rollout-machine.js";
import { checkCommand } from "./commands.js";
import { RolloutRunner, checkRevision } from "./rollout-runner.js";
import { RolloutDevices } from "./rollout-devices.js";
import { RolloutShelf, type StartReport } from "./rollout-shelf.js";
import type { Actor, RolloutService } from "./rollout-service.js";
import type { RolloutEvent, RolloutState } from "./rollout-state.js";
import type { RolloutCommand, RolloutView, TargetState } from "./rollout-view.js";
import { targetViewOf, viewOf } from "./rollout-view-of.js";
import { versionBefore } from "./version-before.js";

/** A return to one of so many versions that the fleet ran lately needs no soak (R24). */
const RETURN_WINDOW = 3;

export interface RolloutsOptions extends Omit<
  RolloutSurroundings,
  "members" | "onTold" | "onShadowEnded" | "onChange"
> {
  readonly control: Pick<ControlStore, "listDevices" | "getDevice" | "getVersion" | "latestVersion">;
  readonly fleet: FleetOfRollouts;
}

/** All rollouts of the tenant: people's commands, devices' words, and who gets a device that two of them want. */
export class Rollouts implements RolloutService {
  readonly devices: RolloutDevices;
  readonly #shelf: RolloutShelf;
  readonly #listeners = new Set<(rolloutId: RolloutId) => void>();
  readonly #surroundings: RolloutSurroundings;

  constructor(private readonly options: RolloutsOptions) {
    this.#shelf = new RolloutShelf(options.store, () => this.#surroundings);
    this.devices = new RolloutDevices(this.#shelf.runners, options);
    this.#surroundings = {
      ...options,
      members: (state, wave) => options.fleet.members(state, wave, this.states()),
      onTold: (config, devices) => takeOver(this.#shelf.runners, { config, devices, atMs: this.#nowMs }),
      onShadowEnded: (config, devices) => giveBack(this.#shelf.runners, { config, devices }),
      onChange: ({ config }) => this.#changed(config.rolloutId),
    };
  }

  /** Takes up what was under way; what is retired stays unread. */
  async start(): Promise<StartReport> {
    const report = await this.#shelf.load();
    this.options.logger.info({ ...report }, "rollouts are taken up");
    for (const runner of this.#shelf.runners.values()) await runner.resume();
    return report;
  }

  /** Nothing begins any more; resolves when what is under way has ended. */
  async close(): Promise<void> {
    await Promise.all([...this.#shelf.runners.values()].map((runner) => runner.close()));
  }

  states(): readonly RolloutState[] {
    return this.#shelf.states();
  }

  async create(wanted: RolloutConfig, actor: Actor): Promise<RolloutView> {
    const config = asAllowed(wanted, actor);
    const { rolloutId } = config;
    if (this.#shelf.has(rolloutId))
      throw new FedgeError("ROLLOUT_STATE_CONFLICT", `rollout ${rolloutId} exists; choose another name`);
    requireFutureEnd(config, this.#nowMs);
    await checkConfig(config, this.options.control, await this.options.fleet.compiler());
    const fallbackVersion = await this.versionBefore(config);
    const isReturn = await this.#isReturn(config);
    const event = {
      type: "created",
      atMs: this.#nowMs,
      actor: actor.name,
      config,
      fallbackVersion,
      isReturn,
    } as const;
    const audit = [{ draft: auditOf(actor, "create", config), atMs: event.atMs }];
    await this.options.store.append({ rolloutId, firstSeq: 0, events: [event], targets: [], audit });
    const runner = new RolloutRunner(
      openRollout(event),
      { numEvents: 1, numSnapshot: null },
      this.#surroundings,
    );
    this.#shelf.add(rolloutId, runner);
    await this.options.audit.anchorHead();
    this.#changed(rolloutId);
    return viewOf(runner.state);
  }

  async list(page: PageRequest = { limit: Number.MAX_SAFE_INTEGER, offset: 0 }): Promise<RolloutView[]> {
    const shown = this.states().filter(({ isDeleted }) => !isDeleted);
    return shown
      .reverse()
      .slice(page.offset, page.offset + page.limit)
      .map(viewOf);
  }

  async get(rolloutId: RolloutId): Promise<RolloutView> {
    return viewOf(this.#shelf.headOf(rolloutId));
  }

  async preview(config: RolloutConfig) {
    await checkConfig(config, this.options.control, await this.options.fleet.compiler());
    const isReturn = await this.#isReturn(config);
    return { ...(await this.options.fleet.preview(config, this.states())), isReturn };
  }

  async command(
    rolloutId: RolloutId,
    command: RolloutCommand,
    how: { readonly actor: Actor; readonly reason: string; readonly revision?: number },
  ): Promise<RolloutView> {
    const isStart = command === "start";
    const before = isStart ? await this.versionBefore((await this.#shelf.stateOf(rolloutId)).config) : null;
    const runner = await this.#shelf.runnerOf(rolloutId);
    const { actor, reason, revision } = how;
    const known = { type: "command", atMs: this.#nowMs, actor: actor.name, command, reason } as const;
    const event = isStart ? { ...known, fallbackVersion: before } : known;
    try {
      // Of the state that the command meets: who edits and approves at once has made what he approves.
      const state = await runner.request(event, (now) => {
        checkKept(now);
        if (command === "approve" || command === "deny") checkApprover(now, actor);
        checkRevision(now, revision);
        checkCommand(now, command);
      });
      return viewOf(state);
    } catch (error) {
      await this.#noteOvertaken(runner.state, event, error);
      throw error;
    }
  }

  /** The log has also what somebody wanted and did not get because another person was faster (R33). */
  async #noteOvertaken(
    { config, revision }: RolloutState,
    { actor, command, reason }: RolloutEvent & { readonly type: "command" },
    error: unknown,
  ): Promise<void> {
    if (!(error instanceof FedgeError) || error.code !== "ROLLOUT_CHANGED") return;
    const details = { reason, code: error.code, revision };
    const action = `rollout.${command}-refused`;
    await this.options.audit.append({ actor, action, subject: config.rolloutId, details });
  }

  async edit(
    rolloutId: RolloutId,
    wanted: RolloutConfig,
    { actor, revision }: Parameters<RolloutService["edit"]>[2],
  ): Promise<RolloutView> {
    const runner = await this.#shelf.runnerOf(rolloutId);
    const config = asAllowed(wanted, actor);
    if (config.rolloutId !== rolloutId)
      throw new FedgeError("OPTION_INVALID", "a rollout keeps its name; make a new one for another");
    requireFutureEnd(config, this.#nowMs);
    await checkConfig(config, this.options.control, await this.options.fleet.compiler());
    // Another version may be none that the fleet ran lately.
    const isReturn = await this.#isReturn(config);
    const event = { type: "edited", atMs: this.#nowMs, actor: actor.name, config, isReturn } as const;
    const state = await runner.request(event, (now) => {
      checkKept(now);
      checkRevision(now, revision);
      checkStillApproved(now, config);
      if (isStarted(now)) throw conflict(now, "only what has not started can be edited");
    });
    return viewOf(state);
  }

  async delete(rolloutId: RolloutId, actor: Actor): Promise<void> {
    const runner = await this.#shelf.runnerOf(rolloutId);
    // In turn with commands: what somebody starts at this moment is not erased under way.
    const event = { type: "deleted", atMs: this.#nowMs, actor: actor.name } as const;
    const state = await runner.request(event, (now) => {
      const isOver = ["aborted", "completed", "rolled-back", "rollback-incomplete"].includes(now.phase);
      if (isStarted(now) && !isOver) throw conflict(now, "abort it or wait for its end before it is deleted");
      checkKept(now);
    });
    if (isStarted(state)) return;
    await runner.close();
    const draft = auditOf(actor, "delete", state.config);
    await this.options.store.erase(rolloutId, { draft, atMs: this.#nowMs });
    this.#shelf.remove(rolloutId);
    await this.options.audit.anchorHead();
    this.#changed(rolloutId);
  }

  async targets(
    rolloutId: RolloutId,
    page: PageRequest = { limit: Number.MAX_SAFE_INTEGER, offset: 0 },
    wanted?: TargetState,
  ): ReturnType<RolloutService["targets"]> {
    const entries = [...(await this.#shelf.stateOf(rolloutId)).targets.entries()];
    const meant = entries.filter(([, { state }]) => wanted === undefined || state === wanted);
    meant.sort(([one], [other]) => (one < other ? -1 : 1));
    const shown = meant.slice(page.offset, page.offset + page.limit);
    return {
      total: meant.length,
      targets: shown.map(([deviceId, target]) => targetViewOf(deviceId, target)),
    };
  }

  async history(rolloutId: RolloutId): ReturnType<RolloutService["history"]> {
    return [...this.#shelf.headOf(rolloutId).history];
  }

  timeline(deviceId: DeviceId): ReturnType<RolloutService["timeline"]> {
    return this.options.store.targetsOf(deviceId);
  }

  onChange(listener: (rolloutId: RolloutId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get #nowMs(): number {
    return this.options.clock.nowMs();
  }

  #changed(rolloutId: RolloutId): void {
    for (const listener of this.#listeners) listener(rolloutId);
  }

  /** What devices of the filter run now; null where there is none. */
  async versionBefore(of: Pick<RolloutConfig, "model" | "version" | "filter">): Promise<number | null> {
    const { desired, fleet } = this.options;
    return versionBefore(of, await fleet.matching(of.filter), { desired, states: this.states() });
  }

  async #isReturn({ model, version, kind }: RolloutConfig): Promise<boolean> {
    if (kind !== "release" || this.options.desired.fleetVersion(model) === version) return false;
    // What somebody brought the fleet back from is no known good version.
    const isDoubtful = this.states().some(
      ({ config, backCounter }) =>
        config.model === model && config.version === version && backCounter !== null,
    );
    if (isDoubtful) return false;
    const [, ...before] = await this.options.store.recentVersions(model, RETURN_WINDOW + 1);
    return before.includes(version);
  }
}

/** Who may not approve makes nothing that needs no approval (R7). */
function asAllowed(config: RolloutConfig, actor: Actor): RolloutConfig {
  return actor.mayApprove ? config : { ...config, needsApproval: true };
}

/** Throws ROLLOUT_UNKNOWN for one that never started and is being erased. */
function checkKept(state: RolloutState): void {
  const { rolloutId } = state.config;
  if (state.isDeleted && !isStarted(state))
    throw new FedgeError("ROLLOUT_UNKNOWN", `rollout "${rolloutId}" was deleted just now`);
}

function checkStillApproved(
  { config: { rolloutId, needsApproval } }: RolloutState,
  next: RolloutConfig,
): void {
  if (!needsApproval || next.needsApproval) return;
  const message = `rollout ${rolloutId} needs approval, and no edit takes that away; delete it and make another one`;
  throw new FedgeError("APPROVAL_REQUIRED", message);
}

function checkApprover(state: RolloutState, actor: Actor): void {
  const { rolloutId } = state.config;
  if (!actor.mayApprove)
    throw new FedgeError("ROLE_INSUFFICIENT", `${actor.name} may not approve; ask somebody who may`);
  if (state.createdBy === actor.name) {
    const message = `${actor.name} made rollout ${rolloutId} and cannot approve it; somebody else must`;
    throw new FedgeError("SELF_APPROVAL", message);
  }
}

function conflict({ config, phase }: RolloutState, remedy: string): FedgeError {
  return new FedgeError("ROLLOUT_STATE_CONFLICT", `rollout ${config.rolloutId} is ${phase}; ${remedy}`);
}

function auditOf(actor: Actor, verb: string, config: RolloutConfig) {
  const { rolloutId, model, version, kind } = config;
  return {
    actor: actor.name,
    action: `rollout.${verb}`,
    subject: rolloutId,
    details: { model, version, kind },
  };
}
