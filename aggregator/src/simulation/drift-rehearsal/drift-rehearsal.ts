import { join } from "node:path";
import { FedgeError, type TaskId } from "@fedge/protocol";
import type { AlertRecord } from "../../drift/alerts/alert-record.js";
import { LEAST_COHORT_DEVICES } from "../../drift/drift-policy.js";
import type { FeatureDetail, ModelDetail } from "../../drift/drift-views.js";
import type { RolloutView } from "../../rollouts/rollout-view.js";
import type { RolloutConfig } from "../../rollouts/rollout-config.js";
import { openServer, type OpenedServer } from "../../server.js";
import type { TaskView } from "../../service.js";
import {
  makeTemporaryDirectory,
  type TemporaryDirectory,
} from "../../state-directory/temporary-directory.js";
import { NO_FAULTS } from "../faults/fate.js";
import { startFleet, type SimulatedFleet } from "../fleet/fleet.js";
import { disableOnnxTelemetry } from "../onnx-telemetry.js";
import { ENDED_ROLLOUTS, completedTask } from "../rehearsal/awaited.js";
import { Exposure } from "../rehearsal/exposure.js";
import { invitePeople, type People } from "../rehearsal/people.js";
import { storyLines } from "../rehearsal/story-lines.js";
import { until } from "../rehearsal/until.js";
import { drawShopFleet, type ShopFleet } from "../shop/shop-data.js";
import { SHOP, shopModel } from "../shop/shop-model.js";
import { portsOf } from "../workload.js";
import { GRACE_MS, USE, isOnCoast, windowPolicy } from "./drift-plan.js";
import { LocalVerdicts } from "./local-verdicts.js";
import { WebhookReceiver } from "./webhook-receiver.js";

export interface DriftRehearsalOptions {
  readonly numDevices: number;
  readonly numWorkers: number;
  readonly seed: string;
  readonly windowMs: number;
}

/** Moments at which the page shows something worth a look. */
export type Scene = "quiet" | "drifting" | "expected" | "recovered";

export interface DriftRehearsalContext {
  /** One line of the story. */
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
  /** The story waits for it. */
  readonly onScene?: (scene: Scene, httpUrl: string) => Promise<void>;
}

const START_MS = 180_000;
const TRAINING_MS = 300_000;
const ROLLOUT_MS = 240_000;

/**
 * A fleet whose world changes for some: an aggregator with broker, database, signing, accounts and a webhook as in production, and
 * devices that answer people, remember, judge, train and install. Every step may throw FedgeError; `close` ends everything.
 */
export class DriftRehearsal {
  readonly exposure = new Exposure();
  readonly verdicts = new LocalVerdicts();
  #fleet: SimulatedFleet | null = null;
  #people: People | null = null;

  private constructor(
    readonly opened: OpenedServer,
    readonly webhook: WebhookReceiver,
    private readonly directory: TemporaryDirectory,
    private readonly parts: {
      readonly shop: ShopFleet;
      readonly options: DriftRehearsalOptions;
      readonly context: DriftRehearsalContext;
    },
  ) {}

  static async open(options: DriftRehearsalOptions, context: DriftRehearsalContext): Promise<DriftRehearsal> {
    disableOnnxTelemetry();
    const { numDevices, seed } = options;
    const shop = drawShopFleet({ numDevices, isOnCoast, seed });
    const directory = await makeTemporaryDirectory("fedge-rehearse-");
    const webhook = await WebhookReceiver.open(({ type, alert, others }) => {
      for (const { evidence } of [alert, ...others])
        context.tell(`webhook: ${type}, ${evidence.severity} ${evidence.kind}: ${evidence.text}`);
    });
    try {
      const opened = await openServer({
        ...{ host: "127.0.0.1", httpPort: 0, mqttPort: 0, logLevel: "error" },
        stateDirectory: join(directory.path, "state"),
        drift: { minDevices: LEAST_COHORT_DEVICES, cohortAttributes: ["region"], graceMs: GRACE_MS },
        driftWebhook: webhook.options,
      });
      return new DriftRehearsal(opened, webhook, directory, { shop, options, context });
    } catch (error) {
      await webhook.close();
      await directory.remove();
      throw error;
    }
  }

  get people(): People {
    if (this.#people !== null) return this.#people;
    throw new FedgeError("INTERNAL", "nobody has an account yet; begin the rehearsal first");
  }

  /** Accounts, a model that has learnt nothing, and a fleet that serves it. */
  async begin(): Promise<void> {
    const { options } = this.parts;
    const { server } = this.opened;
    this.#people = await invitePeople(server);
    const model = await shopModel({ window: windowPolicy(options.windowMs), seed: options.seed });
    await server.service.importModel({ ...model, actor: "ada" });
    this.#fleet = await this.#startFleet();
    await this.serving(1, options.numDevices);
  }

  /** From now on the coast's devices see another world. */
  changeWorld(): void {
    this.#fleet?.changeWorld();
  }

  /** Resolves when so many devices serve the version. */
  async serving(version: number, numDevices: number): Promise<void> {
    const isSo = (): true | undefined =>
      (this.exposure.countServing(SHOP)[`${SHOP}@${version}`] ?? 0) >= numDevices || undefined;
    await this.until(isSo, { what: `${numDevices} devices to serve version ${version}`, withinMs: START_MS });
  }

  /** Resolves with the task when it is over. Throws INTERNAL when it did not complete. */
  trained(taskId: TaskId): Promise<TaskView> {
    const { service } = this.opened.server;
    return this.until(() => completedTask(service, taskId), {
      what: `task ${taskId} to end`,
      withinMs: TRAINING_MS,
    });
  }

  /** Devices whose update counted in the task: of the coast, and others. */
  async trainersOf(taskId: TaskId): Promise<{ readonly coast: number; readonly others: number }> {
    const { service } = this.opened.server;
    const rounds = await service.listRounds(taskId);
    const details = await Promise.all(rounds.map(({ roundId }) => service.getRound(roundId)));
    const events = details.flatMap((detail) => detail.events);
    const trained = new Set(
      events.flatMap((event) =>
        event.type === "updates-counted" ? event.updates.map(({ deviceId }) => deviceId) : [],
      ),
    );
    const indices = [...(this.#fleet?.deviceIds ?? [])].filter(([, deviceId]) => trained.has(deviceId));
    const coast = indices.filter(([index]) => isOnCoast(index)).length;
    return { coast, others: trained.size - coast };
  }

  /** Ada makes the rollout and may not approve it; bob does and starts it. Resolves with how it ended. */
  async rollOut(plan: RolloutConfig): Promise<RolloutView> {
    const { scientist, operator } = this.people;
    const { rollouts } = this.opened.server;
    await scientist.send("POST", "/v1/rollouts", plan);
    const path = `/v1/rollouts/${plan.rolloutId}`;
    await operator.send("POST", `${path}/approve`, { reason: "looked at the drift page" });
    await operator.send("POST", `${path}/start`, { reason: "the coast waits" });
    let shown: RolloutView | null = null;
    return this.until(
      async () => {
        const view = await rollouts.get(plan.rolloutId);
        for (const line of storyLines(shown, view)) this.tell(`${plan.rolloutId}: ${line}`);
        shown = view;
        return ENDED_ROLLOUTS.has(view.state) ? view : undefined;
      },
      {
        what: `rollout ${plan.rolloutId} to end`,
        withinMs: ROLLOUT_MS,
        describe: () => JSON.stringify(shown?.waves),
      },
    );
  }

  openAlerts(): Promise<AlertRecord[]> {
    return this.opened.orchestration.drift.monitoring.alerts({ model: SHOP, isOpen: true, limit: 100 });
  }

  everyAlert(): Promise<AlertRecord[]> {
    return this.opened.orchestration.drift.monitoring.alerts({ model: SHOP, limit: 100 });
  }

  model(version: number, cohort?: string): Promise<ModelDetail> {
    return this.opened.orchestration.drift.monitoring.model(SHOP, { version, cohort });
  }

  feature(name: string, version: number, window: number): Promise<FeatureDetail> {
    return this.opened.orchestration.drift.monitoring.feature(SHOP, name, { version, window });
  }

  async scene(scene: Scene): Promise<void> {
    await this.parts.context.onScene?.(scene, this.opened.server.httpUrl);
  }

  tell(line: string): void {
    this.parts.context.tell(line);
  }

  until<T>(
    ask: () => T | undefined | Promise<T | undefined>,
    how: { readonly what: string; readonly withinMs: number; readonly describe?: () => string },
  ): Promise<T> {
    const asked = until(ask, { ...how, signal: this.parts.context.signal });
    return this.#fleet === null ? asked : Promise.race([asked, this.#fleet.failed]);
  }

  async close(): Promise<void> {
    await this.#fleet?.close();
    await this.opened.server.close();
    await this.webhook.close();
    await this.directory.remove();
  }

  async #startFleet(): Promise<SimulatedFleet> {
    const { options, shop } = this.parts;
    const { service, httpUrl } = this.opened.server;
    const { manifest } = await service.getVersion(SHOP, 1);
    return startFleet({
      ...portsOf(manifest),
      ...{ serverUrl: httpUrl, model: SHOP, faults: NO_FAULTS, onUnable: () => undefined },
      data: { examples: shop.examples, ranges: shop.before },
      ...{ seed: options.seed, numWorkers: options.numWorkers },
      live: {
        ...{ use: USE, heldOut: shop.before, later: shop.after },
        attributesOf: (index) => ({ region: isOnCoast(index) ? "coast" : "inland" }),
        onStep: (step) => {
          this.exposure.note(step);
          this.verdicts.note(step);
        },
      },
    });
  }
}
