import type { VectorLayout } from "@fedge/protocol/profile";
import type { DriftStore, Overlap, SumChange, WindowReceipt } from "../drift-store.js";
import type { SummingPort } from "../sums/summing-port.js";
import { WHOLE_FLEET, windowKeyText, type WindowKey } from "../sums/window-key.js";
import { WindowCohorts } from "./device-cohorts.js";

/** A device's window that was checked and waits to be counted. */
export interface CheckedWindow extends WindowReceipt {
  readonly replicate: number;
  readonly cohorts: readonly string[];
  readonly vector: Uint32Array;
  readonly layout: VectorLayout;
}

export interface WindowBatchOptions {
  readonly store: Pick<DriftStore, "countWindows" | "cohortsOf">;
  readonly sums: SummingPort;
}

/**
 * Counts windows in batches: receipts and sums in one transaction, so that a kill loses no window that was acknowledged
 * and doubles none that comes again. What comes while one batch is written goes into the next.
 */
export class WindowBatch {
  #pending: { readonly window: CheckedWindow; readonly settle: Settle }[] = [];
  #writing: Promise<void> = Promise.resolve();
  #isScheduled = false;
  readonly #cohorts = new Map<string, WindowCohorts>();

  constructor(private readonly options: WindowBatchOptions) {}

  /** True once it is durable and was counted now; false when the device's window was counted before, or is closed. */
  count(window: CheckedWindow): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ window, settle: { resolve, reject } });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      this.#writing = this.#writing.then(() => this.#write());
    });
  }

  /** Runs after what is being written, with nothing written meanwhile: a window is closed between two batches. */
  async between<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#writing.then(run);
    this.#writing = result.then(ignore, ignore);
    return result;
  }

  /** The window is closed; its cohorts are not needed any more. */
  forget(key: WindowKey): void {
    this.#cohorts.delete(windowKeyText(key));
  }

  async #write(): Promise<void> {
    const batch = this.#pending;
    this.#pending = [];
    this.#isScheduled = false;
    try {
      const windows = batch.map(({ window }) => window);
      await this.#learnCohorts(windows);
      const isNew = await this.options.store.countWindows(windows, (fresh) => this.#changeOf(windows, fresh));
      batch.forEach(({ settle }, place) => settle.resolve(isNew[place] === true));
    } catch (error) {
      this.options.sums.drain();
      for (const { settle } of batch) settle.reject(error);
    }
  }

  async #learnCohorts(windows: readonly CheckedWindow[]): Promise<void> {
    for (const { key } of windows) {
      const text = windowKeyText(key);
      if (this.#cohorts.has(text)) continue;
      const known = await this.options.store.cohortsOf(key);
      this.#cohorts.set(text, new WindowCohorts(known.filter((cohort) => cohort !== WHOLE_FLEET)));
    }
  }

  #changeOf(windows: readonly CheckedWindow[], isNew: readonly boolean[]): SumChange {
    const { sums } = this.options;
    const overlaps = new Map<string, Overlap & { readonly key: WindowKey }>();
    // A transaction that is tried again sums again.
    sums.drain();
    windows.forEach((window, place) => {
      if (isNew[place] !== true) return;
      const { key, replicate, vector } = window;
      const known = this.#cohorts.get(windowKeyText(key)) as WindowCohorts;
      const cohorts = window.cohorts.map((cohort) => known.admit(cohort));
      for (const cohort of [WHOLE_FLEET, ...cohorts]) sums.sum({ ...key, cohort, replicate }, vector);
      addOverlaps(overlaps, { key, cohorts, hasRows: hasRows(window) });
    });
    return { deltas: sums.drain(), overlaps: [...overlaps.values()] };
  }
}

interface Settle {
  readonly resolve: (isNew: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Devices without rows hide nobody: they do not count in a cohort's size. */
function hasRows({ vector, layout }: CheckedWindow): boolean {
  return (vector[layout.rows.at + 1] as number) > 0;
}

function addOverlaps(
  overlaps: Map<string, Overlap & { readonly key: WindowKey }>,
  device: { readonly key: WindowKey; readonly cohorts: readonly string[]; readonly hasRows: boolean },
): void {
  const { key, cohorts } = device;
  const sorted = [...cohorts].sort();
  sorted.forEach((first, at) => {
    for (const second of sorted.slice(at + 1)) {
      const text = `${windowKeyText(key)}/${first}/${second}`;
      const before = overlaps.get(text) ?? { numDevices: 0, numReporting: 0 };
      const numDevices = before.numDevices + Number(device.hasRows);
      overlaps.set(text, { key, first, second, numDevices, numReporting: before.numReporting + 1 });
    }
  });
}

function ignore(): void {
  // Whoever asked for it has the result, and the failure.
}
