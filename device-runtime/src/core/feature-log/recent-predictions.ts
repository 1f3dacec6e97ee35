import { FedgeError } from "@fedge/protocol";
import { deviceClosed } from "../device-closed.js";
import type { TensorValue, TensorValues } from "../ports/engine.js";
import { checkQuery, checkSelection } from "./check-selection.js";
import type { LogRow } from "./log-row.js";
import type { LogQuery, LogSelection } from "./log-selection.js";
import { dataBytesOf } from "./row-sizes.js";

const MAX_ROWS = 1000;
const MAX_BYTES = 1_000_000;
/** A reference profile may declare a shorter horizon for labels. */
const MAX_AGE_MS = 24 * 3_600_000;
const ROW_BYTES = 256;
const CLASS_BYTES = 8;

interface Kept {
  readonly row: LogRow;
  readonly sizeBytes: number;
}

/**
 * The last predictions of a device that keeps no feature log, in memory only, so that what the app says of them can be
 * counted: answers until their first label, what was noted, and of inputs their shapes. The oldest go first; nothing of it
 * outlives the process.
 */
export class RecentPredictions {
  /** The oldest first. */
  readonly #kept = new Map<string, Kept>();
  #sizeBytes = 0;
  #isClosed = false;

  constructor(private readonly nowMs: () => number) {}

  append(row: LogRow): void {
    if (this.#isClosed) return;
    this.#put({ ...row, inputs: shapesOf(row.inputs) });
    this.#makeRoom();
  }

  /** Nothing is ever written. */
  writeIfEnough(): void {
    this.#makeRoom();
  }

  /** As FeatureLog has it, but for the disk. Throws PREDICTION_UNKNOWN, CLOSED, and what `to` throws. */
  async change(id: string, to: (row: LogRow) => LogRow): Promise<void> {
    this.#requireOpen();
    this.#makeRoom();
    const kept = this.#kept.get(id);
    if (kept === undefined)
      throw new FedgeError(
        "PREDICTION_UNKNOWN",
        `prediction "${id}" is not remembered: without a feature log only the last ${MAX_ROWS} of a day are, until the app ends`,
      );
    const changed = to(kept.row);
    // Only the first label of a prediction counts.
    this.#put(changed.label === null ? changed : { ...changed, outputs: null });
    this.#makeRoom();
  }

  /** The same as `change`: there is no disk to wait for. */
  amend(id: string, to: (row: LogRow) => LogRow): Promise<void> {
    return this.change(id, to);
  }

  /** There is nothing to show. Throws OPTION_INVALID, CLOSED. */
  async query(query: LogQuery = {}): Promise<readonly LogRow[]> {
    this.#requireOpen();
    checkQuery(query);
    return [];
  }

  /** Forgets all of it, whatever is meant: its rows are not the log's. Throws OPTION_INVALID, CLOSED. */
  async erase(selection: LogSelection = {}): Promise<number> {
    this.#requireOpen();
    checkSelection(selection);
    this.#kept.clear();
    this.#sizeBytes = 0;
    return 0;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#kept.clear();
  }

  #requireOpen(): void {
    if (this.#isClosed) throw deviceClosed();
  }

  #put(row: LogRow): void {
    const shadowBytes = CLASS_BYTES * (row.shadow?.classes.length ?? 0);
    const sizeBytes = ROW_BYTES + dataBytesOf(row) + 2 * JSON.stringify(row.fields).length + shadowBytes;
    this.#sizeBytes += sizeBytes - (this.#kept.get(row.id)?.sizeBytes ?? 0);
    this.#kept.set(row.id, { row, sizeBytes });
  }

  #makeRoom(): void {
    const fromMs = this.nowMs() - MAX_AGE_MS;
    for (const [id, { row, sizeBytes }] of this.#kept) {
      if (this.#kept.size <= MAX_ROWS && this.#sizeBytes <= MAX_BYTES && row.atMs >= fromMs) return;
      this.#kept.delete(id);
      this.#sizeBytes -= sizeBytes;
    }
  }
}

/** Nobody reads values of inputs for a count. */
function shapesOf(inputs: TensorValues): TensorValues {
  const empty = ({ shape }: TensorValue): TensorValue => ({ shape: [...shape], data: new Float32Array() });
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, empty(value)]));
}
