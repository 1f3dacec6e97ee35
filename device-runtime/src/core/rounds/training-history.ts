import type { Report } from "@fedge/protocol";
import * as z from "zod/mini";
import type { DeviceEventMap } from "../device-events.js";
import type { DevicePorts } from "../ports/ports.js";
import type { RoundPhase } from "./participation-state.js";
import type { Rounds } from "./rounds.js";

const KEY = "round/history";
const MAX_RECORDS = 20;

const record = z.object({
  roundId: z.string(),
  model: z.string(),
  baseVersion: z.number(),
  /** When the training ended, UTC epoch milliseconds. */
  atMs: z.number(),
  numExamples: z.number(),
  /** Mean loss on the same examples before and after the training; null where the trainer gives none. */
  lossBefore: z.nullable(z.number()),
  lossAfter: z.nullable(z.number()),
  /** Of the update. */
  sizeBytes: z.number(),
  /** What left the device from the end of the training to the end of the round; 0 while it is being sent. */
  sentBytes: z.number(),
  outcome: z.enum(["sending", "counted", "refused", "dropped"]),
});

/** One local training, and what became of its update. */
export type TrainingRecord = Readonly<z.infer<typeof record>>;

const OUTCOMES: Partial<Record<RoundPhase, TrainingRecord["outcome"]>> = {
  counted: "counted",
  refused: "refused",
  closed: "dropped",
  "given-up": "dropped",
};

/** The last local trainings, the newest first. */
export class TrainingHistory {
  #records: readonly TrainingRecord[] = [];
  #writing: Promise<void> = Promise.resolve();
  /** Bytes that had left when the last training ended; null after a restart. */
  #bytesUpBefore: number | null = null;

  constructor(
    private readonly ports: Pick<DevicePorts, "store" | "clock">,
    /** Payload bytes that have left since the start. */
    private readonly bytesUp: () => number,
    private readonly onError: (error: unknown) => void,
  ) {}

  get records(): readonly TrainingRecord[] {
    return this.#records;
  }

  async restore(): Promise<void> {
    const bytes = await this.ports.store.get(KEY);
    if (bytes === undefined) return;
    try {
      const kept = z.safeParse(z.array(record), JSON.parse(new TextDecoder().decode(bytes)));
      this.#records = kept.success ? kept.data.slice(0, MAX_RECORDS) : [];
    } catch (error) {
      this.onError(error);
    }
  }

  /** Takes note of what happens in a round. */
  heard({ phase, roundId }: DeviceEventMap["round"], rounds: Pick<Rounds, "report" | "assignment">): void {
    const { report, assignment } = rounds;
    if (phase === "trained" && report !== null && assignment !== null)
      this.#trained(report, assignment.model);
    const outcome = OUTCOMES[phase];
    if (outcome !== undefined) this.#ended(roundId, outcome);
  }

  /** What was to be kept is. */
  close(): Promise<void> {
    return this.#writing;
  }

  #trained(report: Report, model: string): void {
    const { roundId, baseVersion, numExamples, metrics, update } = report;
    const { lossBefore, lossAfter } = metrics;
    const atMs = this.ports.clock.nowMs();
    this.#bytesUpBefore = this.bytesUp();
    const trained = { roundId, model, baseVersion, atMs, numExamples, lossBefore, lossAfter };
    const rest = this.#records.filter((other) => other.roundId !== roundId);
    this.#keep([{ ...trained, sizeBytes: update.sizeBytes, sentBytes: 0, outcome: "sending" }, ...rest]);
  }

  /** A training that has not ended before has no record to change. */
  #ended(roundId: string, outcome: TrainingRecord["outcome"]): void {
    const isOpen = (other: TrainingRecord): boolean =>
      other.roundId === roundId && other.outcome === "sending";
    if (!this.#records.some(isOpen)) return;
    const whole = this.#records.find(isOpen)?.sizeBytes ?? 0;
    // After a restart nobody knows; an update that was counted has arrived whole.
    const known = this.#bytesUpBefore === null ? null : this.bytesUp() - this.#bytesUpBefore;
    const sentBytes = known ?? (outcome === "counted" ? whole : 0);
    this.#keep(this.#records.map((other) => (isOpen(other) ? { ...other, outcome, sentBytes } : other)));
  }

  #keep(records: readonly TrainingRecord[]): void {
    this.#records = records.slice(0, MAX_RECORDS);
    const bytes = new TextEncoder().encode(JSON.stringify(this.#records));
    this.#writing = this.#writing.then(() => this.ports.store.put(KEY, bytes)).catch(this.onError);
  }
}
