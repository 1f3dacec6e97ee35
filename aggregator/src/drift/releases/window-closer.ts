import type { ModelName } from "@fedge/protocol";
import type { Clock } from "../../clock/clock.js";
import type { Counters, Logger } from "../../rounds/ports.js";
import type { AlertChange, DriftStore, WholeRelease } from "../drift-store.js";
import type { DriftPolicy } from "../drift-policy.js";
import { closingOf } from "../intake/profile-intake.js";
import type { WindowBatch } from "../intake/window-batch.js";
import type { MonitoredVersion, MonitoredVersions } from "../references/monitored-version.js";
import { windowKeyText, type WindowKey } from "../sums/window-key.js";
import { buildRelease } from "./build-release.js";
import { devicesOf } from "./devices-elsewhere.js";
import { previousRelease, type PreviousRelease } from "./previous-release.js";

/** A store that failed is asked again after this. */
const RETRY_MS = 10_000;
/** A timer's delay has 31 bits. */
const MAX_DELAY_MS = 2 ** 31 - 1;
const MOST_HIDDEN = 200;

export interface WindowCloserOptions {
  readonly store: Pick<
    DriftStore,
    | "openWindows"
    | "sumsOf"
    | "saveRelease"
    | "isReleased"
    | "listReleases"
    | "getRelease"
    | "listViews"
    | "releasedVersions"
  >;
  readonly versions: Pick<MonitoredVersions, "of">;
  readonly batch: Pick<WindowBatch, "between" | "forget">;
  readonly policy: DriftPolicy;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
  /** What a release changes about alerts, to be kept with it. */
  readonly alerts: ReleaseAlerts;
  readonly onReleased: (whole: WholeRelease) => void;
}

/** What was released, with what it was compared with. */
export interface ReleasedWindow {
  readonly whole: WholeRelease;
  readonly before: PreviousRelease;
  readonly monitored: MonitoredVersion;
}

export interface ReleaseAlerts {
  /** What the release has to be told of; it is kept with it. */
  seenIn(released: ReleasedWindow): Promise<AlertChange>;
  /** Notes what the release says is not there, when all of its time are kept. */
  quietIn(released: ReleasedWindow): Promise<void>;
  /** Runs with no other change of alerts in between. */
  exclusively<T>(run: () => Promise<T>): Promise<T>;
}

interface Expected {
  readonly key: WindowKey;
  readonly closesAtMs: number;
  /** When it is tried; later than it closes after a failure. */
  readonly dueAtMs: number;
}

/**
 * Closes windows when the time for their counts is over, and releases each once. A window of which no device said
 * anything is released too, once, after one that had devices: that a fleet is silent has to be seen.
 */
export class WindowCloser {
  readonly #expected = new Map<string, Expected>();
  readonly #hidden = new Map<string, number>();
  #cancel: (() => void) | null = null;
  #closing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(private readonly options: WindowCloserOptions) {}

  /** Windows that were open when the process ended, and the next of every version that had one. */
  async start(): Promise<void> {
    const { store } = this.options;
    for (const key of await store.openWindows()) await this.#expectOf(key);
    for (const { model, version } of await store.releasedVersions()) await this.#expectNext(model, version);
    this.#schedule();
  }

  /** Will close the window; again for one that is expected changes nothing. */
  expect(key: WindowKey, closesAtMs: number): void {
    const text = windowKeyText(key);
    if (this.#expected.has(text)) return;
    this.#expected.set(text, { key, closesAtMs, dueAtMs: closesAtMs });
    this.#schedule();
  }

  /** Ends the timer; what is being closed is finished first. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#closing;
  }

  /** Resolves when every window whose time is over is released. */
  closeDue(): Promise<void> {
    this.#closing = this.#closing.then(() => this.#closeDue());
    return this.#closing;
  }

  async #closeDue(): Promise<void> {
    const nowMs = this.options.clock.nowMs();
    const due = [...this.#expected.values()].filter(({ dueAtMs }) => dueAtMs <= nowMs);
    const times = [...new Set(due.map(({ closesAtMs }) => closesAtMs))].sort((one, other) => one - other);
    for (const time of times) await this.#closeTogether(due.filter(({ closesAtMs }) => closesAtMs === time));
    this.#schedule();
  }

  /** What one version of a model has counts before what the others have not: of one time, all are released first. */
  async #closeTogether(windows: readonly Expected[]): Promise<void> {
    const { clock, logger, alerts } = this.options;
    const released: ReleasedWindow[] = [];
    for (const expected of windows) {
      const { key } = expected;
      this.#expected.delete(windowKeyText(key));
      try {
        const one = await this.options.batch.between(() => this.#release(key));
        if (one !== null) released.push(one);
      } catch (error) {
        logger.error({ err: error, model: key.model }, "a window could not be released");
        this.#expected.set(windowKeyText(key), { ...expected, dueAtMs: clock.nowMs() + RETRY_MS });
      }
    }
    for (const one of released)
      await alerts.quietIn(one).catch((error: unknown) => {
        // An alert is open a window longer than it need be.
        logger.error({ err: error, model: one.monitored.model }, "a quiet window could not be noted");
      });
  }

  async #release(key: WindowKey): Promise<ReleasedWindow | null> {
    const { store, versions, batch, policy, clock } = this.options;
    batch.forget(key);
    const monitored = await versions.of(key.model, key.version);
    if (monitored === null || (await store.isReleased(key))) return null;
    const sums = await store.sumsOf(key);
    const parts = { store, versions, hidden: this.#hidden, minDevices: policy.minDevices };
    const before = await previousRelease(parts, key, devicesOf(monitored, sums.sums));
    if (sums.sums.length === 0 && !hadDevices(before.last)) return null;
    const nowMs = clock.nowMs();
    const whole = buildRelease({ monitored, key, sums, policy, nowMs, before: before.views });
    const isSaved = await this.options.alerts.exclusively(async () => {
      const change = await this.options.alerts.seenIn({ whole, before, monitored });
      return store.saveRelease(whole, change, { numWindows: policy.numKeptWindows });
    });
    if (!isSaved) return null;
    if (whole.release.numDevices === null) this.#noteHidden(key, before.numDevicesNow);
    this.#tell(whole);
    const next = { ...key, window: key.window + 1 };
    this.expect(next, closingOf(monitored, next.window, policy));
    return { whole, before, monitored };
  }

  /** Of rows nothing is counted that the release does not show: a sum of what too few devices said is theirs. */
  #tell(whole: WholeRelease): void {
    const { counters } = this.options;
    const { model, numRows, suppressed } = whole.release;
    for (const { reason } of suppressed) counters.count("fedge_windows_suppressed_total", { reason });
    if (numRows !== null) counters.count("fedge_fleet_profile_rows_total", { model }, numRows);
    this.options.onReleased(whole);
  }

  /** For the versions whose window of the same time is released next. */
  #noteHidden(key: WindowKey, numDevices: number): void {
    this.#hidden.set(windowKeyText(key), numDevices);
    const [oldest] = this.#hidden.keys();
    if (this.#hidden.size > MOST_HIDDEN && oldest !== undefined) this.#hidden.delete(oldest);
  }

  async #expectOf(key: WindowKey): Promise<void> {
    const monitored = await this.options.versions.of(key.model, key.version);
    if (monitored === null) return;
    this.expect(key, closingOf(monitored, key.window, this.options.policy));
  }

  async #expectNext(model: ModelName, version: number): Promise<void> {
    const [last] = await this.options.store.listReleases(model, { version, limit: 1 });
    if (last === undefined || !hadDevices(last)) return;
    const { layoutSha256, window } = last;
    await this.#expectOf({ model, version, layoutSha256, window: window + 1 });
  }

  #schedule(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#isClosed || this.#expected.size === 0) return;
    const soonest = Math.min(...[...this.#expected.values()].map(({ dueAtMs }) => dueAtMs));
    const delayMs = Math.min(MAX_DELAY_MS, Math.max(0, soonest - this.options.clock.nowMs()));
    this.#cancel = this.options.clock.after(delayMs, () => void this.closeDue());
  }
}

/** Whether any device reported, enough to show or not. */
function hadDevices(release: PreviousRelease["last"]): boolean {
  return release !== null && release.shown.length + release.suppressed.length > 0;
}
