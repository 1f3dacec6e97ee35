import { FedgeError } from "@fedge/protocol";
import { sha256Of } from "../../blobs/blob-name.js";
import type { Counters } from "../../rounds/ports.js";
import type { AlertChange, DriftStore, WholeRelease } from "../drift-store.js";
import type { DriftPolicy } from "../drift-policy.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import type { PreviousRelease } from "../releases/previous-release.js";
import { openAlert, stepAlert, type AlertAct, type AlertEvent, type AlertStep } from "./alert-machine.js";
import { subjectOf, type AlertRecord, type Evidence } from "./alert-record.js";
import { isMarked } from "./false-alarm-marks.js";
import type { ProposedTraining } from "./proposed-training.js";
import { deliveriesOf } from "../webhook/folded-calls.js";
import { SILENT_SHARE, evidenceOf, labelledOutcomes } from "./release-evidence.js";
import type { TaskConfig } from "../../tasks/task-config.js";

/** Alerts of a model that are looked through for one of the same matter. */
const LOOK_BACK = 300;
/** Releases of a version that are looked through for one with devices: after the last there is one without, no more. */
const LAST_RELEASES = 3;
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

  /** What a release changes; it is kept with the release, in one transaction. */
  async changeOf(
    whole: WholeRelease,
    before: PreviousRelease,
    monitored: MonitoredVersion,
  ): Promise<AlertChange> {
    const { store } = this.options;
    const { release } = whole;
    const all = await store.listAlerts({ model: release.model, limit: LOOK_BACK });
    const open = new Map(
      all.filter(({ state }) => state !== "resolved").map((alert) => [subjectOf(alert.evidence), alert]),
    );
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
    const left = await versionsLeft(store, release, open.values());
    const over = quietSteps(whole, { evidence, open, monitored, left, isHeard: isHeard(before) });
    let proposedIn = proposingIn(open.values(), over);
    const seen = evidence.map((each) => {
      const step = this.#seen(each, { release, monitored, all, open, proposedIn });
      if (step.alert.proposal !== null) proposedIn ??= step.alert.alertId;
      return step;
    });
    return this.#changeOf([...seen, ...over]);
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
    const { store, nowMs, onDeliveries } = this.options;
    const change = this.#changeOf([stepAlert(alert, event, nowMs())]);
    await store.saveAlerts(change);
    if (change.deliveries.length > 0) onDeliveries();
    return change.alerts[0] as AlertRecord;
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

/** The open alert that has the model's proposal, decided on or not, and is not over now. */
function proposingIn(open: Iterable<AlertRecord>, quiet: readonly AlertStep[]): string | null {
  const over = new Set(
    quiet.filter(({ alert }) => alert.state === "resolved").map(({ alert }) => alert.alertId),
  );
  const proposing = [...open].find(({ proposal, alertId }) => proposal !== null && !over.has(alertId));
  return proposing?.alertId ?? null;
}

/** The window in which a person ended the newest alert of the matter, seeing it; 0 for none. */
function acceptedFrom(all: readonly AlertRecord[], subject: string): number {
  const newest = all.find(({ evidence }) => subjectOf(evidence) === subject);
  return newest?.lastDeed?.deed === "resolve" ? newest.lastWindow : 0;
}

/**
 * Versions newer than the release's that the fleet went back from: a whole window passed since the last of which any device
 * said something, shown or not.
 */
async function versionsLeft(
  store: AlertsOptions["store"],
  { model, version: present, beginsAtMs }: WholeRelease["release"],
  open: Iterable<AlertRecord>,
): Promise<Set<number>> {
  const left = new Set<number>();
  for (const version of new Set([...open].map((alert) => alert.version))) {
    if (version <= present) continue;
    const releases = await store.listReleases(model, { version, limit: LAST_RELEASES });
    const last = releases.find(({ shown, suppressed }) => shown.length + suppressed.length > 0);
    if (last === undefined || last.endsAtMs < beginsAtMs) left.add(version);
  }
  return left;
}

/** A matter that was open and is not seen in a window that says something of it. */
function quietSteps(
  { release, views }: WholeRelease,
  scene: {
    readonly evidence: readonly Evidence[];
    readonly open: ReadonlyMap<string, AlertRecord>;
    readonly monitored: MonitoredVersion;
    readonly left: ReadonlySet<number>;
    readonly isHeard: boolean;
  },
): AlertStep[] {
  const seen = new Set(scene.evidence.map(subjectOf));
  const { beginsAtMs, endsAtMs, releasedAtMs: atMs } = release;
  return [...scene.open].flatMap(([subject, alert]) => {
    // Beside devices that have the alert's version still, those of an older one do not say that it is over.
    const isBeside = release.version < alert.version && !scene.left.has(alert.version);
    if (seen.has(subject) || isBeside || !saysSomething(alert, views, scene)) return [];
    return [stepAlert(alert, { type: "quiet", beginsAtMs, endsAtMs }, atMs)];
  });
}

/** Whether most devices that report serve versions that are shown: a matter may have gone with those of a hidden one. */
function isHeard({ numDevicesNow, elsewhere }: PreviousRelease): boolean {
  const numDevices = numDevicesNow + elsewhere.numDevices;
  return numDevices - elsewhere.numHidden >= SILENT_SHARE * numDevices;
}

/**
 * Whether the window has what the alert is about: without counts nothing is known to be over. Of a cohort only its own counts
 * say so, as the whole fleet may hide what it does.
 */
function saysSomething(
  { evidence: { kind, feature, cohort } }: AlertRecord,
  views: WholeRelease["views"],
  { monitored, isHeard }: { readonly monitored: MonitoredVersion; readonly isHeard: boolean },
): boolean {
  // How many devices report, and how old the version is, is known of every window.
  if (kind === "silent-fleet" || kind === "stale") return true;
  if (!isHeard) return false;
  if (kind === "performance") return labelledOutcomes(views, monitored) !== null;
  const found = views.find((view) => view.cohort === cohort)?.features.find(({ name }) => name === feature);
  if (found === undefined) return false;
  if (found.isWithheld && kind === "data-broken") return found.numRows >= monitored.profile.window.minRows;
  if (found.verdict === "not_enough_data") return false;
  // Exceeded again after a window without it is a warning at first: no drift yet, and not over either.
  return kind === "data-broken" || !found.isExceeded;
}
