import { FedgeError } from "@fedge/protocol";
import type { ReferenceProfile } from "@fedge/protocol/profile";
import type { ModelDetail } from "../../drift/drift-views.js";
import { percent } from "../progress.js";
import { SHOP } from "../shop/shop-model.js";
import { attachReference } from "./attach-reference.js";
import { COAST, COAST_DEVICES, coastRollout, firstTask, isOnCoast, recovery } from "./drift-plan.js";
import { DriftRehearsal, type DriftRehearsalContext, type DriftRehearsalOptions } from "./drift-rehearsal.js";
import { alertIdsOf } from "./webhook-receiver.js";
import { accuracyOf, resultOf, type DriftRehearsalResult } from "./drift-result.js";

const FIRST_ROUNDS = 8;
/** Windows in which something has to be seen, with the one under way and its grace. */
const PATIENCE_WINDOWS = 8;

/**
 * The whole story of a drift: a fleet that does well, a world that changes for twenty of its devices, what devices and fleet say of it,
 * who is told, a reference of what is expected from now on, a training that an alert proposed, a rollout with gates, and the end of
 * the alarm. Throws FedgeError when it comes to a stop.
 */
export async function rehearseDrift(
  options: DriftRehearsalOptions,
  context: DriftRehearsalContext,
): Promise<DriftRehearsalResult> {
  const rehearsal = await DriftRehearsal.open(options, context);
  try {
    return await new Story(rehearsal, options).told();
  } finally {
    await rehearsal.close();
  }
}

class Story {
  readonly #startedAtMs = performance.now();

  constructor(
    private readonly rehearsal: DriftRehearsal,
    private readonly options: DriftRehearsalOptions,
  ) {}

  async told(): Promise<DriftRehearsalResult> {
    const { rehearsal } = this;
    const before = await this.#learn();
    const calm = await this.#quiet(before);
    const changedIn = this.#change();
    const localVerdicts = await this.#localVerdicts();
    const drifted = await this.#fleetVerdict(before);
    const decomposition = await this.#decompose(before, changedIn);
    await rehearsal.scene("drifting");
    const expected = await this.#expect(before, changedIn);
    await this.#driftIsOver();
    await rehearsal.scene("expected");
    const { recovered, trainers } = await this.#recover(expected);
    const now = await this.#allIsOver(recovered);
    await rehearsal.scene("recovered");
    return resultOf(rehearsal, this.options, {
      ...{ localVerdicts, decomposition, trainers, versions: { before, expected, recovered } },
      accuracy: { before: calm, drifted, recovered: now },
      seconds: (performance.now() - this.#startedAtMs) / 1000,
    });
  }

  /** The fleet learns from what its people did. */
  async #learn(): Promise<number> {
    const { rehearsal, options } = this;
    rehearsal.tell(`the page is ${rehearsal.opened.server.httpUrl}/#/drift`);
    await rehearsal.begin();
    rehearsal.tell(
      `${options.numDevices} devices serve version 1 of ${SHOP}, which has learnt nothing yet; ${COAST_DEVICES} of them are on the coast`,
    );
    const task = firstTask({ ...options, rounds: FIRST_ROUNDS });
    await rehearsal.opened.server.service.createTask(task);
    const { latestVersion } = await rehearsal.trained(task.taskId);
    const version = latestVersion ?? 0;
    await rehearsal.serving(version, options.numDevices);
    rehearsal.tell(
      `${FIRST_ROUNDS} rounds on their own logs made version ${version}; every device serves it`,
    );
    return version;
  }

  /** Two whole windows in which nothing is wrong. Gives the accuracy. */
  async #quiet(version: number): Promise<number> {
    const from = this.#windowNow + 1;
    await this.#released(version, from + 1);
    const { verdict, outcomes, numOpenAlerts } = await this.rehearsal.model(version);
    const accuracy = accuracyOf(outcomes);
    this.rehearsal.tell(
      `two quiet windows: the fleet's verdict is ${verdict}, ${percent(accuracy)} of labelled predictions are right, ${numOpenAlerts} alerts`,
    );
    await this.rehearsal.scene("quiet");
    return accuracy;
  }

  #change(): number {
    this.rehearsal.changeWorld();
    this.rehearsal.tell(
      "an app release reaches the coast: baskets are sent in another unit (three times as large), customers come from a new country, and what was a yes is a no",
    );
    return this.#windowNow;
  }

  async #localVerdicts(): Promise<DriftRehearsalResult["localVerdicts"]> {
    const { verdicts } = this.rehearsal;
    const count = (isMeant: (index: number) => boolean): number =>
      verdicts.count(["drift", "broken_data"], isMeant);
    await this.#until(() => count(isOnCoast) >= COAST_DEVICES || undefined, {
      what: "every device of the coast to see that its data drift",
    });
    const [coast, others] = [count(isOnCoast), count((index) => !isOnCoast(index))];
    this.rehearsal.tell(
      `${coast} of ${COAST_DEVICES} devices of the coast say by themselves that their data drift, and train no more: ${verdicts.named(isOnCoast)}; ${others} others do`,
    );
    return { coast, others };
  }

  /** Alerts of the inputs and of the accuracy. Gives the coast's accuracy. */
  async #fleetVerdict(version: number): Promise<number> {
    const { rehearsal } = this;
    await this.#until(
      async () => {
        const kinds = (await rehearsal.openAlerts()).map(({ evidence }) => evidence.kind);
        const isDrift = kinds.includes("drift") || kinds.includes("data-broken");
        return (isDrift && kinds.includes("performance")) || undefined;
      },
      { what: "the fleet's alerts of drift and of accuracy" },
    );
    const { cohorts, verdict } = await this.#coastDrifts(version);
    rehearsal.tell(`the fleet's verdict is ${verdict}; by cohort: ${cohorts.map(cohortText).join(", ")}`);
    return accuracyOf((await rehearsal.model(version, COAST)).outcomes);
  }

  /** The newest window, when it shows the coast: one device that is late hides it. */
  #coastDrifts(version: number): Promise<ModelDetail> {
    return this.#until(
      async () => {
        const detail = await this.rehearsal.model(version);
        const coast = detail.cohorts.find(({ cohort }) => cohort === COAST);
        return coast?.verdict === "drift" || coast?.verdict === "broken_data" ? detail : undefined;
      },
      { what: "the fleet's verdict on the coast" },
    );
  }

  /** Of the window in which the change came. */
  async #decompose(version: number, changedIn: number): Promise<DriftRehearsalResult["decomposition"]> {
    const details = [];
    for (const window of [changedIn, changedIn + 1])
      details.push(await this.rehearsal.feature("basket", version, window).catch(() => null));
    const [largest] = details
      .flatMap((detail) => detail?.mix ?? [])
      .sort((one, other) => other.total - one.total);
    if (largest === undefined)
      throw new FedgeError("INTERNAL", "no window shows how the basket's change divides");
    const { total, mix, within } = largest;
    this.rehearsal.tell(
      `of the change of baskets (${percent(total)} of their mass), ${percent(mix)} is other shares of the regions, ${percent(within)} is change within them`,
    );
    return { total, mix, within };
  }

  /** What the coast counted becomes its reference, and goes to the coast. */
  async #expect(before: number, changedIn: number): Promise<number> {
    const { rehearsal } = this;
    const { scientist } = rehearsal.people;
    for (const { alertId } of await rehearsal.openAlerts())
      await scientist.send("POST", `/v1/drift/alerts/${alertId}/ack`, {});
    rehearsal.tell("ada acknowledged the alerts: the new world is here to stay");
    const query = `version=${before}&cohort=${encodeURIComponent(COAST)}&windows=2&since=${changedIn + 1}&predictions=false`;
    const reference = await this.#until(
      () => scientist.get(`/v1/drift/models/${SHOP}/reference?${query}`).catch(() => undefined),
      { what: "two released windows of the coast's new world" },
    );
    const version = await attachReference(rehearsal, reference as ReferenceProfile, before);
    rehearsal.tell(
      `ada reviewed what the coast counted and attached it: version ${version}, same weights, new reference`,
    );
    await this.#toTheCoast(version, "what the coast sees is expected from now on");
    return version;
  }

  async #driftIsOver(): Promise<void> {
    await this.#until(
      async () => {
        const open = await this.rehearsal.openAlerts();
        return open.every(({ evidence }) => evidence.feature === "") || undefined;
      },
      { what: "the alerts of the inputs to end" },
    );
    this.rehearsal.tell(
      "two quiet windows with the new reference: no input drifts any more; accuracy is as bad as before",
    );
  }

  /** The training that an alert proposed, and its version on the coast. */
  async #recover(
    expected: number,
  ): Promise<{ readonly recovered: number; readonly trainers: DriftRehearsalResult["trainers"] }> {
    const { rehearsal } = this;
    // The alert that proposed first is over by now; the one that is still critical proposes when it is seen next.
    const proposing = await this.#until(
      async () => (await rehearsal.openAlerts()).find(({ proposal }) => proposal?.state === "proposed"),
      { what: "an open alert to propose a training" },
    );
    const task = recovery(proposing.alertId, firstTask({ ...this.options, rounds: FIRST_ROUNDS }));
    await rehearsal.people.scientist.send("POST", `/v1/drift/alerts/${proposing.alertId}/proposal`, {
      confirm: true,
      task,
    });
    rehearsal.tell(
      `ada confirmed the training that the alert proposes, on the coast's devices: task ${task.taskId}, from version ${expected}`,
    );
    const { latestVersion, numRounds } = await rehearsal.trained(task.taskId);
    const version = latestVersion ?? 0;
    const trainers = await rehearsal.trainersOf(task.taskId);
    rehearsal.tell(
      `${numRounds} rounds made version ${version}, on ${trainers.coast} devices of the coast and ${trainers.others} others`,
    );
    await this.#toTheCoast(version, "learnt what the coast answers");
    return { recovered: version, trainers };
  }

  async #allIsOver(version: number): Promise<number> {
    await this.#until(async () => (await this.rehearsal.openAlerts()).length === 0 || undefined, {
      what: "every alert to end",
    });
    await this.#until(() => this.#isEveryEndTold() || undefined, {
      what: "the webhook to be told of every end",
    });
    const accuracy = accuracyOf((await this.rehearsal.model(version)).outcomes);
    this.rehearsal.tell(
      `no alert is open; ${percent(accuracy)} of the coast's labelled predictions are right`,
    );
    return accuracy;
  }

  #isEveryEndTold(): boolean {
    const { calls } = this.rehearsal.webhook;
    const told = (type: string): Set<string> =>
      new Set(calls.flatMap((call) => (call.type === type ? alertIdsOf(call) : [])));
    const over = told("alert-resolved");
    return [...told("alert-opened")].every((alertId) => over.has(alertId));
  }

  async #toTheCoast(version: number, note: string): Promise<void> {
    const { state, reason } = await this.rehearsal.rollOut(coastRollout(version, note));
    if (state !== "completed")
      throw new FedgeError("INTERNAL", `the rollout of version ${version} is ${state}: ${reason}`);
    await this.rehearsal.serving(version, COAST_DEVICES);
  }

  /** Resolves when the window of the version is released. */
  async #released(version: number, window: number): Promise<void> {
    await this.#until(
      async () => {
        const { release } = await this.rehearsal.model(version);
        return (release !== null && release.window >= window) || undefined;
      },
      { what: `window ${window} of version ${version} to be released` },
    );
  }

  #until<T>(ask: () => T | undefined | Promise<T | undefined>, how: { readonly what: string }): Promise<T> {
    return this.rehearsal.until(ask, { ...how, withinMs: PATIENCE_WINDOWS * this.options.windowMs });
  }

  get #windowNow(): number {
    return Math.floor(Date.now() / this.options.windowMs);
  }
}

function cohortText({ cohort, verdict }: ModelDetail["cohorts"][number]): string {
  return `${cohort === "" ? "all" : cohort} ${verdict}`;
}
