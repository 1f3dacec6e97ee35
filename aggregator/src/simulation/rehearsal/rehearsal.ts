import { FedgeError, type DeviceId, type InstallPolicy, type TaskId } from "@fedge/protocol";
import type { RolloutId } from "../../rollouts/rollout-config.js";
import type { RolloutView } from "../../rollouts/rollout-view.js";
import type { OpenedServer } from "../../server.js";
import type { TaskView } from "../../service.js";
import {
  makeTemporaryDirectory,
  type TemporaryDirectory,
} from "../../state-directory/temporary-directory.js";
import type { Fault } from "../broken-versions/broken-version.js";
import { NO_FAULTS } from "../faults/fate.js";
import { startFleet, type SimulatedFleet } from "../fleet/fleet.js";
import { disableOnnxTelemetry } from "../onnx-telemetry.js";
import { percent } from "../progress.js";
import { portsOf } from "../workload.js";
import { approveAndStart, proposalOf } from "./approval.js";
import { ENDED_ROLLOUTS, completedTask } from "./awaited.js";
import { Candidates } from "./candidates.js";
import { Exposure } from "./exposure.js";
import { openRehearsalServer } from "./open-server.js";
import { invitePeople, type People } from "./people.js";
import { isInSegment, rehearsalData, type RehearsalData } from "./rehearsal-data.js";
import { LATER, MODEL, PILOT, TASK, laterTask, pilotsOf, refined, rehearsalTask } from "./rehearsal-plan.js";
import { storyLines } from "./story-lines.js";
import { until } from "./until.js";

export interface RehearsalOptions {
  readonly numDevices: number;
  readonly numWorkers: number;
  readonly rounds: number;
  readonly seed: string;
}

export interface RehearsalContext {
  /** One line of the story. */
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

const USE = { everyMs: 120, labelShare: 1, metricsIntervalMs: 500 } as const;
const START_MS = 120_000;
const TRAIN_MS = 240_000;
const ROLLOUT_MS = 180_000;
const RESTORE_MS = 120_000;

/**
 * A night with a fleet: an aggregator with broker, database, signing and accounts as in production, and devices that are
 * used while they train and install. Every step may throw FedgeError; `close` ends everything.
 */
export class Rehearsal {
  readonly exposure = new Exposure();
  readonly candidates: Candidates;
  readonly #shown = new Map<RolloutId, RolloutView>();
  #fleet: SimulatedFleet | null = null;
  #people: People | null = null;
  #isServerClosed = false;

  private constructor(
    readonly opened: OpenedServer,
    private readonly directory: TemporaryDirectory,
    private readonly data: RehearsalData,
    private readonly parts: { readonly options: RehearsalOptions; readonly context: RehearsalContext },
  ) {
    const { options, context } = parts;
    this.candidates = new Candidates({ opened, seed: options.seed, tell: context.tell });
    opened.server.rollouts.onChange((rolloutId) => void this.#show(rolloutId));
  }

  static async open(options: RehearsalOptions, context: RehearsalContext): Promise<Rehearsal> {
    disableOnnxTelemetry();
    const data = rehearsalData({ model: MODEL, numDevices: options.numDevices, seed: options.seed });
    const directory = await makeTemporaryDirectory("fedge-rehearse-");
    try {
      const opened = await openRehearsalServer(directory.path, data.test);
      return new Rehearsal(opened, directory, data, { options, context });
    } catch (error) {
      await directory.remove();
      throw error;
    }
  }

  /** Accounts, the first version, and a fleet that serves it to its people. */
  async begin(): Promise<void> {
    const { server } = this.opened;
    const { numDevices } = this.parts.options;
    this.#people = await invitePeople(server);
    this.#tell("grace used the first start's link and invited ada (data scientist) and bob (operator)");
    const { version } = await server.service.importModel({ ...this.data.model, actor: "ada" });
    this.#fleet = await this.#startFleet();
    await this.#until(() => this.#servedBy(version.version) === numDevices || undefined, {
      what: `${numDevices} devices to serve the first version`,
      withinMs: START_MS,
    });
    await this.#tagPilots();
    this.#tell(
      `${numDevices} devices serve version ${version.version}; ${pilotsOf(numDevices).size} of them are pilots`,
    );
  }

  /** Federated rounds, until the auto-pilot has proposed their result. Gives the version and how well both do. */
  async train(): Promise<{ readonly version: number; readonly before: number; readonly after: number }> {
    const { service, rollouts } = this.opened.server;
    await service.createTask(rehearsalTask(this.parts.options));
    const task = await this.#trained(TASK);
    const version = task.latestVersion ?? 0;
    const [before, after] = [await this.#accuracy(1), await this.#accuracy(version)];
    this.#tell(
      `${task.numRounds} rounds made version ${version}: ${percent(after)} right on held-out data, version 1 ${percent(before)}`,
    );
    const { config } = await this.#until(async () => (await rollouts.list())[0], {
      what: "the auto-pilot to propose the version",
      withinMs: TRAIN_MS,
    });
    this.#tell(`the devices evaluated it on their own examples: ${config.note}`);
    return { version, before, after };
  }

  /** Training goes on from what the fleet has. Gives a version with better weights, which nobody has exported yet. */
  async trainOn(): Promise<number> {
    await this.opened.server.service.createTask(laterTask(this.parts.options));
    const { latestVersion, numRounds } = await this.#trained(LATER);
    const weights = latestVersion ?? 0;
    this.#tell(`${numRounds} more rounds made better weights: version ${weights}`);
    await this.#withdrawn(weights);
    return weights;
  }

  /** The auto-pilot proposes what a task ends with; what goes to devices is exported anew, as a version of its own. */
  async #withdrawn(version: number): Promise<void> {
    const { rollouts } = this.opened.server;
    const proposal = proposalOf(version, LATER);
    await this.#until(async () => (await rollouts.list()).find(({ rolloutId }) => rolloutId === proposal), {
      what: "the auto-pilot to propose the better weights",
      withinMs: TRAIN_MS,
    });
    await rollouts.delete(proposal, { name: "ada", mayApprove: false });
    this.#tell(`ada withdrew ${proposal}: the weights are to be exported anew`);
  }

  /** What the auto-pilot made of a version. */
  proposed(version: number): Promise<RolloutView> {
    return this.opened.server.rollouts.get(proposalOf(version));
  }

  /** The proposal of a version is refined, approved by somebody who may, and started; `install` says how devices try it. */
  async launch(
    version: number,
    { fault, install }: { readonly fault: Fault | null; readonly install?: InstallPolicy },
  ): Promise<RolloutId> {
    const { config } = await this.proposed(version);
    const plan = refined(config, fault, install);
    await approveAndStart(this.#somebody(), plan, this.parts.context.tell);
    return config.rolloutId;
  }

  /** Resolves with the rollout once nothing more happens in it by itself. */
  ended(rolloutId: RolloutId): Promise<RolloutView> {
    return this.#until(
      async () => {
        const view = await this.opened.server.rollouts.get(rolloutId);
        return ENDED_ROLLOUTS.has(view.state) ? view : undefined;
      },
      {
        what: `rollout ${rolloutId} to end`,
        withinMs: ROLLOUT_MS,
        describe: () => JSON.stringify(this.#shown.get(rolloutId)?.waves),
      },
    );
  }

  /** Resolves when no device has the version any more and all serve the other one. */
  async restored(version: number, other: number): Promise<void> {
    const { numDevices } = this.parts.options;
    await this.#until(
      () => (this.exposure.isGone(version) && this.#servedBy(other) === numDevices) || undefined,
      {
        what: `every device to serve version ${other} again`,
        withinMs: RESTORE_MS,
        describe: () => JSON.stringify(this.exposure.encounters(version)),
      },
    );
  }

  /** Resolves when so many devices serve the version. */
  async serving(version: number, numDevices: number): Promise<void> {
    const what = `${numDevices} devices to serve version ${version}`;
    const isSo = (): true | undefined => this.#servedBy(version) >= numDevices || undefined;
    await this.#until(isSo, { what, withinMs: ROLLOUT_MS });
  }

  /** From the activation of the version on, a device reaches nobody. */
  cutOffAt(version: number): void {
    this.#fleet?.cutOffAt(version);
  }

  /** The aggregator and its broker end; the devices go on. */
  async closeServer(): Promise<void> {
    if (this.#isServerClosed) return;
    this.#isServerClosed = true;
    await this.opened.server.close();
  }

  async close(): Promise<void> {
    await this.#fleet?.close();
    await this.closeServer();
    await this.directory.remove();
  }

  /** What devices failed at and dealt with by themselves. */
  troubles(): readonly string[] {
    return this.#fleet?.troubles() ?? [];
  }

  #trained(taskId: TaskId): Promise<TaskView> {
    const { service } = this.opened.server;
    return this.#until(() => completedTask(service, taskId), {
      what: "the training to end",
      withinMs: TRAIN_MS,
    });
  }

  #servedBy(version: number): number {
    return [...this.exposure.serving.values()].filter((served) => served === version).length;
  }

  async #startFleet(): Promise<SimulatedFleet> {
    const { options } = this.parts;
    const { service, httpUrl } = this.opened.server;
    const { manifest } = await service.getVersion(MODEL, 1);
    return startFleet({
      ...portsOf(manifest),
      ...{ serverUrl: httpUrl, model: MODEL, data: this.data.train, faults: NO_FAULTS },
      ...{ seed: options.seed, numWorkers: options.numWorkers },
      onUnable: () => undefined,
      live: {
        use: USE,
        heldOut: this.data.heldOut,
        attributesOf: (index) => ({ segment: isInSegment(index) ? "sevens" : "others" }),
        onStep: (step) => this.exposure.note(step),
      },
    });
  }

  async #tagPilots(): Promise<void> {
    const ids = this.#fleet?.deviceIds ?? new Map<number, DeviceId>();
    for (const index of pilotsOf(this.parts.options.numDevices)) {
      const deviceId = ids.get(index);
      if (deviceId !== undefined)
        await this.opened.server.devices.setTags(deviceId, { add: [PILOT], remove: [] }, "bob");
    }
  }

  async #accuracy(version: number): Promise<number> {
    const all = await this.opened.base.store.listEvaluations(MODEL);
    const found = all.find((each) => each.version === version && each.accuracy !== null);
    return found?.accuracy ?? Number.NaN;
  }

  #somebody(): People {
    if (this.#people !== null) return this.#people;
    throw new FedgeError("INTERNAL", "nobody has an account yet; begin the rehearsal first");
  }

  /** Waves and gates as they change; how single devices get on is left out. */
  async #show(rolloutId: RolloutId): Promise<void> {
    if (this.#isServerClosed) return;
    const views = await this.opened.server.rollouts.list();
    const view = views.find((each) => each.rolloutId === rolloutId);
    // Listeners hear of a deleted one too.
    if (view === undefined) return;
    const before = this.#shown.get(rolloutId) ?? null;
    this.#shown.set(rolloutId, view);
    const lines = storyLines(before, view);
    for (const line of lines) this.#tell(`${rolloutId}: ${line}`);
  }

  #tell(line: string): void {
    this.parts.context.tell(line);
  }

  #until<T>(
    ask: () => T | undefined | Promise<T | undefined>,
    how: { readonly what: string; readonly withinMs: number; readonly describe?: () => string },
  ): Promise<T> {
    const asked = until(ask, { ...how, signal: this.parts.context.signal });
    return this.#fleet === null ? asked : Promise.race([asked, this.#fleet.failed]);
  }
}
