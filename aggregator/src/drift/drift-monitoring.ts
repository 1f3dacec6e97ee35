import { FedgeError, type ModelName } from "@fedge/protocol";
import type { ReferenceProfile } from "@fedge/protocol/profile";
import type { ControlStore } from "../store/port.js";
import type { Alerts } from "./alerts/alerts.js";
import type { Decision } from "./alerts/alerts.js";
import { suggestedFloor } from "./alerts/false-alarm-marks.js";
import type { AlertRecord } from "./alerts/alert-record.js";
import type { DriftPolicy } from "./drift-policy.js";
import type { AlertAct } from "./alerts/alert-machine.js";
import type { DriftService, ReferenceQuery, ViewQuery } from "./drift-service.js";
import type { DriftStore, WholeRelease } from "./drift-store.js";
import type { FeatureDetail, FeatureRow, HeatMap, ModelDetail, ModelVerdict } from "./drift-views.js";
import { outcomesView } from "./outcomes/outcomes-view.js";
import type { RefusedWindows } from "./intake/refused-windows.js";
import type { MonitoredVersion, MonitoredVersions } from "./references/monitored-version.js";
import { referenceOfWindows } from "./references/reference-of-windows.js";
import { featureDetailOf } from "./releases/feature-detail.js";
import { featureRowsOf, scoreOf } from "./releases/feature-rows.js";
import { markersOf } from "./releases/markers.js";
import { cohortsNamedIn, noCohort, viewOf } from "./releases/shown-cohorts.js";
import { reportingVersion } from "./releases/reporting-version.js";
import { windowTimes } from "./releases/window-times.js";
import type { ReleaseRecord, ReleasedView } from "./releases/release-record.js";
import { WHOLE_FLEET } from "./sums/window-key.js";

/** Windows of a feature's sparkline. */
const HISTORY_WINDOWS = 30;
const LOOK_BACK = 60;
const MAX_ALERTS = 300;
const MAX_DEPLOYS = 200;
/** Versions of which windows were released last. */
const MAX_LATE_VERSIONS = 8;

export interface DriftMonitoringOptions {
  readonly store: DriftStore;
  readonly control: Pick<ControlStore, "listModels" | "latestVersion" | "countDevices" | "pastReleases">;
  readonly versions: Pick<MonitoredVersions, "of">;
  readonly alerts: Pick<Alerts, "act" | "decide">;
  readonly policy: DriftPolicy;
  readonly refused: Pick<RefusedWindows, "of">;
  readonly nowMs: () => number;
}

interface Shown {
  readonly monitored: MonitoredVersion;
  readonly whole: WholeRelease;
}

/** Answers from what was released. */
export class DriftMonitoring implements DriftService {
  readonly #listeners = new Set<(model: ModelName) => void>();

  constructor(private readonly options: DriftMonitoringOptions) {}

  /** A window was released, or an alert changed: tells whoever listens. */
  readonly changed = (model: ModelName): void => {
    for (const listener of this.#listeners) listener(model);
  };

  onChanged(listener: (model: ModelName) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async models(): Promise<ModelVerdict[]> {
    const verdicts: ModelVerdict[] = [];
    for (const model of await this.options.control.listModels()) {
      const monitored = await this.#monitored(model);
      if (monitored !== null) verdicts.push(await this.#verdictOf(monitored));
    }
    return verdicts;
  }

  async model(model: ModelName, query: ViewQuery = {}): Promise<ModelDetail> {
    const monitored = await this.#required(model, query.version);
    const found = await this.#shown(monitored, query);
    await this.#requireCohort(monitored, query.cohort, found);
    const view = found?.views.find(({ cohort }) => cohort === (query.cohort ?? WHOLE_FLEET));
    const others = (await this.#versionsOf(model)).filter((version) => version !== monitored.version);
    return {
      ...(await this.#verdictOf(monitored)),
      cohorts: (found?.views ?? []).map(({ cohort, numDevices, numRows, verdict }) => ({
        ...{ cohort, numDevices, numRows, verdict },
      })),
      outcomes: view === undefined ? null : outcomesView(monitored, view),
      others: (await Promise.all(others.map((version) => this.#newest(model, version)))).flatMap(
        (other) => other ?? [],
      ),
      layouts: await this.#layoutsOf(monitored),
      refused: this.options.refused.of(model),
    };
  }

  async features(model: ModelName, query: ViewQuery = {}): Promise<FeatureRow[]> {
    const { monitored, whole } = await this.#requiredRelease(model, query);
    const view = viewOf(whole, query);
    return featureRowsOf(monitored, view, await this.#history(view));
  }

  async feature(model: ModelName, name: string, query: ViewQuery = {}): Promise<FeatureDetail> {
    const { monitored, whole } = await this.#requiredRelease(model, query);
    const view = viewOf(whole, query);
    const alerts = await this.options.store.listAlerts({ model, limit: MAX_ALERTS });
    return featureDetailOf(name, {
      ...{ monitored, view, views: whole.views, history: await this.#history(view) },
      before: await this.#before(monitored, view.window),
      numTests: whole.release.numTests,
      suggestedFloor: suggestedFloor(alerts, model, name),
    });
  }

  async windows(model: ModelName, query: ViewQuery & { readonly limit: number }): Promise<HeatMap> {
    const monitored = await this.#required(model, query.version);
    const { version } = monitored;
    const { store } = this.options;
    const cohort = query.cohort ?? WHOLE_FLEET;
    await this.#requireCohort(monitored, query.cohort, undefined);
    const releases = await store.listReleases(model, { version, limit: query.limit });
    const views = await store.listViews({ model, version, cohort, limit: query.limit });
    const byWindow = new Map(views.map((view) => [view.window, view]));
    const alerts = await store.listAlerts({ model, limit: MAX_ALERTS });
    const features = monitored.profile.features.map(({ name }) => name);
    const cellsOf = ({ features: all }: ReleasedView) =>
      all.map((each) => ({ verdict: each.verdict, score: scoreOf(each) }));
    const windows = releases.map((release) => {
      const view = byWindow.get(release.window);
      return { ...release, cells: view === undefined ? null : cellsOf(view) };
    });
    return {
      model,
      version,
      cohort,
      features,
      windows: windows.reverse(),
      markers: markersOf(await this.options.control.pastReleases(model, MAX_DEPLOYS), alerts),
    };
  }

  async reference(model: ModelName, query: ReferenceQuery): Promise<ReferenceProfile> {
    const monitored = await this.#required(model, query.version);
    const { version } = monitored;
    const { cohort = WHOLE_FLEET, windows, since = 0, withPredictions } = query;
    const newest = await this.options.store.listViews({ model, version, cohort, limit: windows });
    const views = newest.filter(({ window }) => window >= since);
    if (views.length === windows) return referenceOfWindows(monitored, { views, withPredictions });
    throw new FedgeError(
      "DATA_MISSING",
      `${model}@${version} has ${views.length} such windows that are shown, not ${windows}; wait for more of them, or take fewer`,
    );
  }

  alerts(query: Parameters<DriftService["alerts"]>[0]): Promise<AlertRecord[]> {
    return this.options.store.listAlerts(query);
  }

  async act(alertId: string, act: AlertAct, seenRevision?: number): Promise<AlertRecord> {
    const alert = await this.options.alerts.act(alertId, act, seenRevision);
    this.changed(alert.model);
    return alert;
  }

  async decide(alertId: string, decision: Decision, seenRevision?: number): Promise<AlertRecord> {
    const alert = await this.options.alerts.decide(alertId, decision, seenRevision);
    this.changed(alert.model);
    return alert;
  }

  async #verdictOf(monitored: MonitoredVersion): Promise<ModelVerdict> {
    const { store, control, policy, nowMs } = this.options;
    const { model, version } = monitored;
    const releases = await store.listReleases(model, { version, limit: LOOK_BACK });
    const [release] = releases;
    const other = releases.findIndex(({ verdict }) => verdict !== release?.verdict);
    const since = releases[(other === -1 ? releases.length : other) - 1];
    const view = release === undefined ? undefined : await this.#newest(model, version);
    const open = await store.listAlerts({ model, isOpen: true, limit: MAX_ALERTS });
    return {
      ...{ model, version, release: release ?? null },
      verdict: release?.verdict ?? "learning",
      reason: release?.reason ?? "no window has been released yet",
      sinceMs: since?.beginsAtMs ?? null,
      numEligible: (await control.countDevices()).byServing[`${model}@${version}`] ?? 0,
      ageMs: Math.max(0, nowMs() - monitored.createdAtMs),
      labelCoverage: view?.labelCoverage ?? null,
      numOpenAlerts: open.length,
      minDevices: policy.minDevices,
      versions: await this.#versionsOf(model),
      ...windowTimes(monitored, { releases, policy, nowMs: nowMs() }),
    };
  }

  /** The monitored version's, and those of all that have a release. */
  async #layoutsOf({ model, version }: MonitoredVersion): Promise<ModelDetail["layouts"]> {
    const versions = [...new Set([version, ...(await this.#versionsOf(model))])].sort((a, b) => b - a);
    const found = await Promise.all(versions.map((each) => this.options.versions.of(model, each)));
    return found.flatMap((each) =>
      each === null ? [] : [{ version: each.version, layoutSha256: each.profile.layoutSha256 }],
    );
  }

  async #versionsOf(model: ModelName): Promise<number[]> {
    const all = await this.options.store.releasedVersions();
    return all.filter((each) => each.model === model).map(({ version }) => version);
  }

  /** The version that most devices report of now; without any release, the newest if it is monitored. */
  async #monitored(model: ModelName): Promise<MonitoredVersion | null> {
    const { store } = this.options;
    const versions = (await this.#versionsOf(model)).slice(0, MAX_LATE_VERSIONS);
    const newest = await Promise.all(
      versions.map((version) => store.listReleases(model, { version, limit: 1 })),
    );
    const version =
      reportingVersion(newest.flat()) ?? (await this.options.control.latestVersion(model))?.version;
    return version === undefined ? null : this.options.versions.of(model, version);
  }

  async #required(model: ModelName, version: number | undefined): Promise<MonitoredVersion> {
    const found =
      version === undefined ? await this.#monitored(model) : await this.options.versions.of(model, version);
    if (found !== null) return found;
    const name = version === undefined ? model : `${model}@${version}`;
    throw new FedgeError(
      version === undefined ? "MODEL_UNKNOWN" : "VERSION_UNKNOWN",
      `${name} does not exist, or has no reference profile of this release; make one with \`fedge profile build\``,
    );
  }

  async #requiredRelease(model: ModelName, query: ViewQuery): Promise<Shown> {
    const monitored = await this.#required(model, query.version);
    const whole = await this.#shown(monitored, query);
    if (whole !== undefined) return { monitored, whole };
    throw new FedgeError(
      "DATA_MISSING",
      `${model}@${monitored.version} has no such released window; \`fedge drift status\` says what there is, and why`,
    );
  }

  /**
   * Throws DATA_MISSING for a cohort that no release names. One that is suppressed, or of which this window has nothing, is
   * named like any other; before the first release none is.
   */
  async #requireCohort(
    { model, version }: MonitoredVersion,
    cohort: string | undefined,
    found: WholeRelease | undefined,
  ): Promise<void> {
    if (cohort === undefined) return;
    const newest = await this.options.store.listReleases(model, { version, limit: LOOK_BACK });
    const releases = found === undefined ? newest : [found.release, ...newest];
    const [last] = releases;
    if (last === undefined || releases.some((release) => cohortsNamedIn(release).includes(cohort))) return;
    throw noCohort(last, cohort);
  }

  /** The window that is asked for, or the last that shows something. */
  async #shown(
    { model, version }: MonitoredVersion,
    { window }: ViewQuery,
  ): Promise<WholeRelease | undefined> {
    const { store } = this.options;
    if (window !== undefined) return store.getRelease(model, version, window);
    const releases = await store.listReleases(model, { version, limit: LOOK_BACK });
    const last = releases.find(({ shown }) => shown.length > 0);
    return last === undefined ? undefined : store.getRelease(model, version, last.window);
  }

  async #before({ model, version }: MonitoredVersion, window: number): Promise<readonly ReleasedView[]> {
    const { store } = this.options;
    const releases = await store.listReleases(model, { version, limit: LOOK_BACK });
    const last = releases.find((each: ReleaseRecord) => each.window < window && each.shown.length > 0);
    return last === undefined ? [] : ((await store.getRelease(model, version, last.window))?.views ?? []);
  }

  async #newest(model: ModelName, version: number) {
    const monitored = await this.options.versions.of(model, version);
    const query = { model, version, cohort: WHOLE_FLEET, limit: 1 };
    const [view] = await this.options.store.listViews(query);
    return view === undefined || monitored === null ? undefined : outcomesView(monitored, view);
  }

  async #history({ model, version, cohort, window }: ReleasedView): Promise<ReleasedView[]> {
    const all = await this.options.store.listViews({ model, version, cohort, limit: HISTORY_WINDOWS });
    return all.filter((view) => view.window <= window).reverse();
  }
}
