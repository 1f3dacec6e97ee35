import type { ModelName, Random } from "@fedge/protocol";
import type { ReferenceProfile } from "@fedge/protocol/profile";
import type { ShadowAnswer } from "../feature-log/log-row.js";
import type { Prediction } from "../serving/model-host.js";
import type { latencyBin } from "../serving/serving-counter.js";
import type { TensorValues } from "../ports/engine.js";
import type { DevicePorts } from "../ports/ports.js";
import type { StoreChange } from "../ports/storage.js";
import type { WindowJudgement } from "./drift-judgement.js";
import { KeptWindows } from "./kept-windows.js";
import { JointWatch } from "./joint-watch.js";
import { judgeWindow } from "./local-verdict.js";
import { countOutcome, type LabelledPrediction } from "./outcome-counts.js";
import type { Comparison, PredictionWatch, Said, WatchedPrediction } from "./prediction-watch.js";
import { RowCounter } from "./row-counter.js";
import { saidPlaces } from "./said-places.js";
import { countComparison, countShadowTruth, shadowClasses } from "./shadow-truths.js";
import { StreamWatch } from "./stream-watch.js";
import { watchedProfile, type WatchedProfile } from "./watched-feature.js";
import { WindowCounts } from "./window-counts.js";
import { windowMessage } from "./window-message.js";
import type { WindowSender } from "./window-sender.js";
import { decodeState, encodeState } from "./window-state.js";

export interface VersionMonitorParts {
  readonly model: ModelName;
  readonly version: number;
  readonly profile: ReferenceProfile;
  readonly ports: Pick<DevicePorts, "store" | "clock" | "random">;
  /** The bins of the serving metrics. */
  readonly latencyBin: typeof latencyBin;
  /** Windows to be sent are kept until the server has them. */
  readonly sender: Pick<WindowSender, "keep" | "kept">;
  /** Told when a closed window is kept. */
  readonly onJudged: (judgement: WindowJudgement) => void;
  /** Told what a shadow made of a prediction, to be known when its truth comes. */
  readonly onShadow: (served: Prediction, shadow: ShadowAnswer) => void;
  readonly onError: (error: unknown) => void;
}

/** After a kill at most this much of the open window is lost. */
const CHECKPOINT_MS = 10_000;
/** A clock that was set forward meanwhile is noticed at the latest then. */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * Counts what one version sees, window by window, and judges each that ends.
 *
 * Invariants: (1) a window that was closed is never opened again, whatever the clock says; (2) a window is closed, kept and
 * given to be sent in one write, which ends its open state too: after a kill it is either open as it was, or closed;
 * (3) writes are in order; (4) no prediction waits for a window to be judged.
 */
export class VersionMonitor implements PredictionWatch {
  readonly watched: WatchedProfile;
  readonly #counter: RowCounter;
  readonly #kept: KeptWindows;
  readonly #random: Random;
  #streams: StreamWatch;
  /** Made with the first window that ends: many pages are closed before. */
  #joint: JointWatch | null = null;
  #open: WindowCounts | null = null;
  /** Its time is over, and it is to be judged. */
  #ended: { readonly counts: WindowCounts; readonly noticed: readonly string[] } | null = null;
  #cancelJudging: (() => void) | null = null;
  #hasChanged = false;
  #queue: Promise<void> = Promise.resolve();
  #cancelTimer: (() => void) | null = null;
  #isClosed = false;

  constructor(private readonly parts: VersionMonitorParts) {
    const { profile, ports } = parts;
    this.watched = watchedProfile(profile);
    this.#counter = new RowCounter(this.watched, parts.latencyBin, {
      opens: () => this.#opened() !== null,
      counted: (batch, bin, elapsedUs, id) => {
        this.#open?.add(batch, bin, id);
        this.#streams.add(batch, elapsedUs);
      },
      failed: () => this.#opened()?.failed(),
    });
    this.#random = ports.random.fork(prefixOf(parts));
    this.#kept = new KeptWindows(ports.store, `${prefixOf(parts)}/kept/`, profile.window.numKept);
    this.#streams = new StreamWatch(this.watched);
  }

  /** What the last closed window says; null before the first. */
  get last(): WindowJudgement | null {
    return this.#kept.last;
  }

  /** The same of the last window that could be judged. */
  get lastJudged(): WindowJudgement | null {
    return this.#kept.lastJudged;
  }

  /** Goes on with what is kept, and closes a window whose time is over. Throws STORAGE_FAILED. */
  async restore(): Promise<void> {
    const { ports, onError } = this.parts;
    await this.#kept.restore(this.watched.layout.numCells, onError);
    const bytes = await ports.store.get(this.#openKey);
    if (bytes === undefined) return;
    try {
      const open = decodeState(bytes, this.watched, this.#streams, this.#random);
      if (open !== null && !this.#kept.isClosed(open.window)) this.#open = open;
    } catch (error) {
      this.#streams = new StreamWatch(this.watched);
      onError(error);
    }
    this.#roll();
    this.#judge();
    this.#arm();
  }

  begin(version: number, inputs: TensorValues): WatchedPrediction | null {
    return version === this.parts.version && !this.#isClosed ? this.#counter.begin(inputs) : null;
  }

  compared({ outcome, served, shadowVersion, shadowOutputs }: Comparison): void {
    // The version before one on trial answers what that cannot: those requests are not of this version.
    if (served.version !== this.parts.version) return;
    const open = this.#opened();
    if (open !== null) countComparison(open, outcome);
    const classes = shadowOutputs && shadowClasses(this.watched.profile.outcomes, shadowOutputs);
    if (classes !== null) this.parts.onShadow(served, { version: shadowVersion, classes });
  }

  /** The app said something: of a prediction whose window is open it counts with that; truths and actions count when they come. */
  said(said: Said): void {
    const { id, fields, label, numRows, delayMs } = said;
    const rows = { inputs: {}, outputs: {}, fields, label, latencyUs: null };
    const later = saidPlaces(this.watched, "later", said);
    if (later.length > 0 && this.#open !== null) {
      this.#counter.count();
      this.#opened()?.change(id, later, rows);
    }
    const apart = saidPlaces(this.watched, "apart", said);
    if (apart.length === 0 || !(delayMs <= this.watched.profile.outcomes.labelHorizonMs)) return;
    this.#opened()?.came(apart, rows, numRows);
  }

  /** The first truth of a prediction of this version. */
  labelled(labelled: LabelledPrediction): void {
    const open = this.#opened();
    this.#counter.count();
    if (open !== null) countOutcome(open, labelled, (isRight) => this.#streams.labelled(isRight));
  }

  /** The truth of a prediction and what a shadow made of it are both known now. */
  shadowJudged(labelled: LabelledPrediction, shadow: ShadowAnswer): void {
    const open = this.#opened();
    if (open !== null) countShadowTruth(open, labelled, shadow);
  }

  /** Forgets every count of what was seen, durably: nothing of it is judged or sent any more. Throws STORAGE_FAILED. */
  erase(): Promise<void> {
    this.#counter.forget();
    this.#open = null;
    this.#ended = null;
    this.#hasChanged = false;
    this.#streams = new StreamWatch(this.watched);
    const changes: StoreChange[] = [[this.#openKey, null], ...this.#kept.clear()];
    const done = this.#queue.then(() => this.parts.ports.store.write(changes));
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /** Another version serves: the window ends. Resolves when that is kept. */
  async retire(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#end();
    this.#judge();
    await this.#queue;
  }

  /** Keeps the open window for the next start. Resolves when nothing is written any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#judge();
    this.#checkpoint();
    await this.#queue;
  }

  /** The window of now, to be changed; after a clock that went back behind a closed one, none. */
  #opened(): WindowCounts | null {
    if (this.#isClosed) return null;
    this.#roll();
    if (this.#ended !== null) this.#judgeSoon();
    const now = this.#windowNow;
    if (this.#open === null) {
      if (this.#ended?.counts.window === now || this.#kept.isClosed(now)) return null;
      this.#open = new WindowCounts(this.watched, now, this.#random);
    }
    this.#hasChanged = true;
    this.#arm();
    return this.#open;
  }

  /** Ends a window whose time is over; forgets one that a wrong clock opened far ahead. */
  #roll(): void {
    const open = this.#open;
    if (open === null) return;
    if (this.#windowNow > open.window) this.#end();
    else if (this.#windowNow < open.window - 1) {
      this.#counter.count();
      this.#open = null;
    }
  }

  #end(): void {
    // Two that wait would be one write that is not in order.
    this.#judge();
    this.#counter.count();
    const counts = this.#open;
    this.#open = null;
    this.#hasChanged = false;
    if (counts !== null && !counts.isEmpty) this.#ended = { counts, noticed: this.#streams.takeNoticed() };
  }

  /** In a turn of its own: what features look like together takes longer to say than a prediction may wait. */
  #judgeSoon(): void {
    this.#cancelJudging ??= this.parts.ports.clock.after(0, () => this.#judge());
  }

  /** Judges, keeps and sends the window that has ended, if one has. */
  #judge(): void {
    this.#cancelJudging?.();
    this.#cancelJudging = null;
    if (this.#ended === null) return;
    const { counts, noticed } = this.#ended;
    const { vector, numBroken, window, kept } = counts;
    this.#ended = null;
    const joint = (this.#joint ??= new JointWatch(this.watched)).measure(kept, window);
    const counted = { window, vector, numBroken, joint, noticed };
    const judgement = judgeWindow(this.watched, counted, this.#kept.judgements);
    counts.close(judgement.verdict, judgement.greatestPsi);
    const { sender, onJudged } = this.parts;
    const message = windowMessage(this.parts, counts, this.#random);
    const changes = [
      ...this.#kept.add({ judgement, vector }),
      ...sender.keep(message),
      [this.#openKey, null] as const,
    ];
    this.#write(changes, true, () => {
      sender.kept(message);
      onJudged(judgement);
    });
  }

  #checkpoint(): void {
    if (this.#open === null || !this.#hasChanged) return;
    this.#counter.count();
    this.#hasChanged = false;
    this.#write([[this.#openKey, encodeState(this.#open, this.#streams)]], false);
  }

  #write(changes: readonly StoreChange[], isDurable: boolean, onDone: () => void = () => undefined): void {
    const { store } = this.parts.ports;
    this.#queue = this.#queue
      .then(() => store.write(changes, { isDurable }))
      .then(onDone)
      .catch(this.parts.onError);
  }

  /** One timer, as long as a window is open: for the next checkpoint, and for its end. */
  #arm(): void {
    const open = this.#open;
    if (open === null || this.#cancelTimer !== null || this.#isClosed) return;
    const endsAtMs = (open.window + 1) * this.watched.profile.window.lengthMs;
    const untilEndMs = Math.max(1, endsAtMs - this.#nowMs);
    const waitMs = Math.min(untilEndMs, this.#hasChanged ? CHECKPOINT_MS : LONGEST_WAIT_MS);
    this.#cancelTimer = this.parts.ports.clock.after(waitMs, () => {
      this.#cancelTimer = null;
      this.#roll();
      this.#judge();
      this.#checkpoint();
      this.#arm();
    });
  }

  get #windowNow(): number {
    return Math.floor(this.#nowMs / this.watched.profile.window.lengthMs);
  }

  get #nowMs(): number {
    return this.parts.ports.clock.nowMs();
  }

  get #openKey(): string {
    return `${prefixOf(this.parts)}/open`;
  }
}

function prefixOf({ model, version }: Pick<VersionMonitorParts, "model" | "version">): string {
  return `drift/${model}/${version}`;
}
