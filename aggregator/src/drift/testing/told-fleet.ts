import type { Counters } from "../../rounds/ports.js";
import type { AlertRecord } from "../alerts/alert-record.js";
import { Alerts } from "../alerts/alerts.js";
import { LEAST_COHORT_DEVICES } from "../drift-policy.js";
import type { WholeRelease } from "../drift-store.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import { previousRelease } from "../releases/previous-release.js";
import type { ReleasedView } from "../releases/release-record.js";
import type { ReleasedWindow } from "../releases/window-closer.js";
import type { MeasuredFeature } from "../statistics/feature-statistics.js";
import { WHOLE_FLEET, windowKeyText } from "../sums/window-key.js";
import { fleetVerdict } from "../verdicts/fleet-verdict.js";
import { judgeWindow } from "../verdicts/window-rule.js";
import { memoryDriftStore } from "./memory-drift-store.js";
import { NO_TRAINING } from "./no-training.js";

const HOUR_MS = 3_600_000;
const POLICY = { staleAfterMs: null };
const MOST_DEVICES = 100;
const COUNTERS: Counters = { count: () => undefined, observe: () => undefined };

/** What a window shows: by cohort how far each feature's mean moved, in standard deviations of the reference. */
export interface ToldWindow {
  readonly shifts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly version?: number;
  readonly window?: number;
  /** Of the whole fleet, be it shown or hidden. */
  readonly numDevices?: number;
  /** Of a hundred labelled rows, and its standard error; no labels where it is absent. */
  readonly numRight?: number | undefined;
  readonly accuracyError?: number;
  readonly numGroups?: number;
  /** Cohorts that are too small to show. */
  readonly hidden?: readonly string[];
}

/** Releases with their alerts as the server makes them, of numbers that a test chose: no devices, no chance. */
export class ToldFleet {
  readonly store = memoryDriftStore();
  readonly alerts: Alerts;
  readonly #hidden = new Map<string, number>();
  #window = 999;

  constructor(private readonly monitored: MonitoredVersion) {
    this.alerts = new Alerts({
      ...{
        store: this.store,
        policy: POLICY,
        nowMs: () => this.#endsAtMs,
        counters: COUNTERS,
      },
      ...{ training: NO_TRAINING, hasWebhook: true, onDeliveries: () => undefined },
    });
  }

  /** The next window is released. */
  async next(told: ToldWindow): Promise<void> {
    await this.together([told]);
  }

  /** Windows of several versions at the same time, released in this order. */
  async together(all: readonly ToldWindow[]): Promise<void> {
    this.#window = all[0]?.window ?? this.#window + 1;
    const released: ReleasedWindow[] = [];
    for (const told of all) released.push(await this.#released(told));
    for (const each of released) await this.alerts.quietIn(each);
  }

  async #released(told: ToldWindow): Promise<ReleasedWindow> {
    const { version = this.monitored.version } = told;
    const { model, profile } = this.monitored;
    const key = { model, version, window: this.#window, layoutSha256: profile.layoutSha256 };
    const versions = { of: async () => this.monitored };
    const parts = { store: this.store, versions, hidden: this.#hidden, minDevices: LEAST_COHORT_DEVICES };
    const before = await previousRelease(parts, key, numDevicesOf(told));
    const whole = this.#release(told, { version, before: before.views });
    const released = { whole, before, monitored: { ...this.monitored, version } };
    await this.store.saveRelease(whole, await this.alerts.seenIn(released), { numWindows: 100 });
    if (whole.release.numDevices === null) this.#hidden.set(windowKeyText(key), numDevicesOf(told));
    return released;
  }

  /** Open ones by what they are of: `drift/age` of the whole fleet, `drift/age@platform=node` of a cohort. */
  async open(): Promise<string[]> {
    const all = await this.store.listAlerts({ isOpen: true, limit: 1000 });
    return all.map(({ evidence: { kind, feature, cohort } }) =>
      [`${kind}/${feature}`, ...(cohort === "" ? [] : [cohort])].join("@"),
    );
  }

  newest(): Promise<AlertRecord[]> {
    return this.store.listAlerts({ limit: 1000 });
  }

  /** What the webhook would be called with, first to last. */
  async calls(): Promise<readonly string[]> {
    return (await this.store.pendingDeliveries()).map(({ body }) => body);
  }

  get #endsAtMs(): number {
    return (this.#window + 1) * HOUR_MS;
  }

  #release(
    told: ToldWindow,
    { version, before }: { readonly version: number; readonly before: readonly ReleasedView[] },
  ): WholeRelease {
    const { numDevices = MOST_DEVICES, hidden = [] } = told;
    const { model, profile } = this.monitored;
    const wasExceeded = (cohort: string, feature: string): boolean =>
      before.some(
        (view) =>
          view.cohort === cohort &&
          view.features.some(({ name, isExceeded }) => name === feature && isExceeded),
      );
    const measured = Object.entries(told.shifts).map(([cohort, shifts]) => ({
      ...{ cohort, t: 2, features: profile.features.map(({ name }) => measuredOf(name, shifts[name] ?? 0)) },
    }));
    const rule = { features: profile.features, minRows: 100, exceededBefore: wasExceeded };
    const { views: judged, numTests } = judgeWindow(measured, rule);
    const views = judged.map((view) => this.#view(told, { ...view, version, numDevices }));
    const isShown = views.length > 0;
    return {
      views,
      release: {
        ...{ model, version, window: this.#window, layoutSha256: profile.layoutSha256, numTests },
        ...{ beginsAtMs: this.#window * HOUR_MS, endsAtMs: this.#endsAtMs, releasedAtMs: this.#endsAtMs },
        ...{ numDevices: isShown ? numDevices : null, numRows: isShown ? 5000 : null, withheld: [] },
        ...fleetVerdict(judged, profile.features),
        shown: views.map(({ cohort }) => cohort),
        suppressed: hidden.map((cohort) => ({ cohort, reason: "below-minimum" as const })),
      },
    };
  }

  #view(
    { numRight, accuracyError = 0, numGroups = 32 }: ToldWindow,
    view: Pick<ReleasedView, "cohort" | "version" | "numDevices"> & {
      readonly features: readonly ReleasedView["features"][number][];
    },
  ): ReleasedView {
    const { layout, model } = this.monitored;
    const cells = new Array<number>(layout.numCells).fill(0);
    if (numRight !== undefined) {
      cells.splice(layout.labels.at, 2, 100, numRight);
      cells[layout.contributors.at] = view.numDevices;
    }
    return {
      ...{ ...view, model, window: this.#window, numRows: 5000, numGroups, t: 2, cells, withheld: [] },
      ...{ features: [...view.features], outcomeErrors: { accuracy: accuracyError }, verdict: "ok" },
    };
  }
}

function numDevicesOf({ shifts, hidden = [], numDevices }: ToldWindow): number {
  const isHidden = hidden.includes(WHOLE_FLEET);
  return numDevices ?? (isHidden || shifts[WHOLE_FLEET] === undefined ? 0 : MOST_DEVICES);
}

/** With an error of 0.01: of a shift of 0.5 the lower bound is 0.48. */
function measuredOf(name: string, shift: number): MeasuredFeature {
  const none = { value: 0, expected: 0, error: 0 };
  return {
    ...{
      name,
      numRows: 5000,
      isWithheld: false,
      psi: none,
      jensenShannon: none,
      broken: none,
      missing: none,
      errors: {},
    },
    meanShift: { value: shift, expected: 0, error: 0.01 },
    logP: { cells: shift === 0 ? 0 : -50, mean: null },
  };
}
