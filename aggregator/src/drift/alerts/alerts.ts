import { FedgeError, type ModelName } from "@fedge/protocol";
import { sha256Of } from "../../blobs/blob-name.js";
import type { Counters } from "../../rounds/ports.js";
import type { AlertChange, DriftStore, WholeRelease } from "../drift-store.js";
import type { DriftPolicy } from "../drift-policy.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import type { ReleasedWindow } from "../releases/window-closer.js";
import { openAlert, stepAlert, type AlertAct, type AlertEvent, type AlertStep } from "./alert-machine.js";
import { subjectOf, type AlertRecord, type Evidence } from "./alert-record.js";
import { isMarked } from "./false-alarm-marks.js";
import type { ProposedTraining } from "./proposed-training.js";
import { handOver, quietSteps, versionsLeft } from "./quiet-windows.js";
import { deliveriesOf } from "../webhook/folded-calls.js";
import { evidenceOf } from "./release-evidence.js";
import type { TaskConfig } from "../../tasks/task-config.js";

/** Alerts of a model that are looked through for one of the same matter. */
const LOOK_BACK = 300;
const RUNBOOK = "docs/operate.md#drift-alerts";

export interface AlertsOptions {
  readonly store: Pick<DriftStore, "listAlerts" | "getAlert" | "saveAlerts" | "listReleases">;
  readonly policy: Pick<DriftPolicy, "staleAfterMs">;
  readonly nowMs: () => number;
  readonly counters: Counters;
  /** False when there is nobody to tell. */
  readonly hasWebhook: boolean;
  readonly training: Pick<ProposedTraining, "begin">;
  /** Told when there is something to deliver, once it is kept. */
  readonly onDeliveries: () => void;
}

/** What a person makes of a proposed training. */
export interface Decision {
  readonly by: string;
  readonly isConfirmed: boolean;
  /** How to train; as the model was trained last when it is null. */
  readonly task: TaskConfig | null;
}

/** Alerts of all models: what releases say of them, and what people decide. */
export class Alerts {
  /** One change at a time: two people, or a person and a window, do not undo each other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: AlertsOptions) {}

  /** What a release has to be told of; it is kept with the release, in one transaction. */
  async seenIn({ whole, before, monitored }: ReleasedWindow): Promise<AlertChange> {
    const { release } = whole;
    const { all, open } = await this.#alertsOf(release.model);
    const evidence = evidenceOf({
      ...{ whole, monitored, before: before.views, recent: before.recent },
      staleAfterMs: this.options.policy.staleAfterMs,
      acceptedFrom: (kind) => acceptedFrom(all, subjectOf({ kind, feature: "" })),
      openLimit: (kind) => open.get(subjectOf({ kind, feature: "" }))?.evidence.limit ?? null,
      isMarked: (each) => isMarked(each, all, this.options.nowMs()),
      numDevicesBefore: before.last?.numDevices ?? null,
      numDevicesNow: release.numDevices ?? before.numDevicesNow,
      numDevicesElsewhere: before.elsewhere.numDevices,
    });
    let proposedIn = [...open.values()].find(({ proposal }) => proposal !== null)?.alertId ?? null;
    const seen = evidence.map((each) => {
      const step = this.#seen(each, { release, monitored, all, open, proposedIn });
      if (step.alert.proposal !== null) proposedIn ??= step.alert.alertId;
      return step;
    });
    return this.#changeOf(seen);
  }

  /** Notes what the release says is not there; what another of the same time has, it does not deny. */
  quietIn(released: ReleasedWindow): Promise<void> {
    return this.exclusively(async () => {
      const { release } = released.whole;
      const open = [...(await this.#alertsOf(release.model)).open.values()];
      const left = await versionsLeft(this.options.store, release, open);
      const steps = quietSteps(released, { open, left });
      if (steps.length > 0) await this.#save(this.#changeOf(handOver(open, steps)));
    });
  }

  /**
   * What a person does. Throws ALERT_UNKNOWN, and ALERT_STATE_CONFLICT for one that is over, or that another person changed
   * since the revision that this one saw.
   */
  act(alertId: string, event: AlertAct, seenRevision?: number): Promise<AlertRecord> {
    return this.exclusively(async () => this.#step(await this.#open(alertId, seenRevision), event));
  }

  /**
   * Begins the training that an alert proposes, or dismisses it. Throws as `act`, ALERT_STATE_CONFLICT without a proposal
   * that waits, and what `ProposedTraining.begin` throws: then nothing is decided.
   */
  decide(alertId: string, { by, isConfirmed, task }: Decision, seenRevision?: number): Promise<AlertRecord> {
    return this.exclusively(async () => {
      const alert = await this.#open(alertId, seenRevision);
      if (alert.proposal?.state !== "proposed")
        throw new FedgeError(
          "ALERT_STATE_CONFLICT",
          `alert ${alertId} has no proposal that waits for a decision`,
        );
      const taskId = isConfirmed ? await this.options.training.begin(alertId, alert.proposal, task) : null;
      return this.#step(alert, { type: "decide", by, taskId });
    });
  }

  /** Runs with no change of a person in between: for a release with the alerts that it changes. */
  exclusively<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#last.then(run);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** The alert, which is not over and as the person saw it. */
  async #open(alertId: string, seenRevision?: number): Promise<AlertRecord> {
    const alert = await this.options.store.getAlert(alertId);
    if (alert === undefined)
      throw new FedgeError("ALERT_UNKNOWN", `there is no alert "${alertId}"; see \`fedge drift alerts\``);
    if (alert.state === "resolved")
      throw new FedgeError("ALERT_STATE_CONFLICT", `alert ${alertId} is over; nothing was changed`);
    if (seenRevision !== undefined && seenRevision !== alert.revision)
      throw new FedgeError(
        "ALERT_STATE_CONFLICT",
        `${alert.lastDeed?.by ?? "somebody"} changed alert ${alertId} meanwhile; nothing was changed: look again`,
        { details: { revision: alert.revision } },
      );
    return alert;
  }

  async #step(alert: AlertRecord, event: AlertEvent): Promise<AlertRecord> {
    const change = this.#changeOf([stepAlert(alert, event, this.options.nowMs())]);
    await this.#save(change);
    return change.alerts[0] as AlertRecord;
  }

  async #save(change: AlertChange): Promise<void> {
    await this.options.store.saveAlerts(change);
    if (change.deliveries.length > 0) this.options.onDeliveries();
  }

  /** The model's newest, and those of them that are not over, by what they are of. */
  async #alertsOf(model: ModelName): Promise<{
    readonly all: readonly AlertRecord[];
    readonly open: ReadonlyMap<string, AlertRecord>;
  }> {
    const all = await this.options.store.listAlerts({ model, limit: LOOK_BACK });
    const open = all.filter(({ state }) => state !== "resolved");
    return { all, open: new Map(open.map((alert) => [subjectOf(alert.evidence), alert])) };
  }

  #seen(
    evidence: Evidence,
    scene: {
      readonly release: WholeRelease["release"];
      readonly monitored: MonitoredVersion;
      readonly all: readonly AlertRecord[];
      readonly open: ReadonlyMap<string, AlertRecord>;
      readonly proposedIn: string | null;
    },
  ): AlertStep {
    const { release, monitored, proposedIn } = scene;
    const { model, version, window, endsAtMs } = release;
    const subject = subjectOf(evidence);
    const atMs = this.options.nowMs();
    const windowMs = monitored.profile.window.lengthMs;
    const present = scene.open.get(subject);
    if (present !== undefined)
      return stepAlert(present, { type: "seen", evidence, window, endsAtMs, version, proposedIn }, atMs);
    const before = scene.all.find((alert) => subjectOf(alert.evidence) === subject) ?? null;
    const alertId = sha256Of(
      new TextEncoder().encode(JSON.stringify([model, version, subject, window])),
    ).slice(0, 12);
    return openAlert({
      ...{ alertId, model, version, window, windowMs, endsAtMs, evidence, atMs, before, proposedIn },
      runbook: RUNBOOK,
    });
  }

  #changeOf(steps: readonly AlertStep[]): AlertChange {
    const { counters, hasWebhook, nowMs } = this.options;
    for (const { alert, notice } of steps)
      if (notice !== null)
        counters.count("fedge_drift_alerts_total", {
          severity: notice === "resolved" ? "resolved" : alert.evidence.severity,
        });
    const isTold = ({ notice }: AlertStep): boolean => notice !== null && hasWebhook;
    return {
      alerts: steps.map((step) =>
        isTold(step) ? { ...step.alert, nextEvent: step.alert.nextEvent + 1 } : step.alert,
      ),
      deliveries: hasWebhook ? deliveriesOf(steps, nowMs()) : [],
    };
  }
}

/** The window in which a person ended the newest alert of the matter, seeing it; 0 for none. */
function acceptedFrom(all: readonly AlertRecord[], subject: string): number {
  const newest = all.find(({ evidence }) => subjectOf(evidence) === subject);
  return newest?.lastDeed?.deed === "resolve" ? newest.lastWindow : 0;
}
