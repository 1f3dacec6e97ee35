import type { DeviceId, RoundId, TaskId } from "@fedge/protocol";
import type { JournalEvent } from "../../rounds/journal.js";
import type { AggregatorService } from "../../service.js";
import type { FastForwardClock } from "../clock/fast-forward-clock.js";

/** Why a simulated device cannot report in a round: its socket is gone, or its report is held back. */
export type Inability = "vanished" | "holding";

export interface DeadlineSkipperOptions {
  readonly service: Pick<AggregatorService, "getRound" | "onEvent">;
  readonly clock: FastForwardClock;
  readonly taskId: TaskId;
  readonly lostGraceMs: number;
  readonly reportingDeadlineMs: number;
  /** Told when a round with an unable device is committed or abandoned; again if one becomes unable after that. */
  readonly onRoundOver: (roundId: RoundId) => void;
  readonly onError: (error: unknown) => void;
}

/*
 * Leaps over the deadlines of devices that fail on purpose. Invariants:
 *   S1 time leaps only while every outstanding member of the round is known to be unable to report in it;
 *      so a leap never costs a healthy device its place, and which updates are counted does not depend on speed.
 *   S2 "unable" is said only after the socket is destroyed or the report is held back, and an unable device does
 *      nothing until it hears that the round is over; so no report can overtake what S1 rests on.
 *   S3 while a member is unable no other round can begin: selection waits for all devices, and this one is not
 *      waiting. So the only round timers are those of this round.
 *   S4 devices that vanished are dropped first, by their grace timers, and only then does the reporting deadline
 *      pass; so "dropped" and "late" are counted the same in every run. A grace timer that is not set yet (the
 *      broker has not said the will) is waited for: no leap is longer than the grace while a vanished one is out.
 */
export class DeadlineSkipper {
  readonly #unable = new Map<RoundId, Map<DeviceId, Inability>>();
  readonly #unsubscribe: () => void;
  #isLooking = false;
  #isDirty = false;
  #isClosed = false;

  constructor(private readonly options: DeadlineSkipperOptions) {
    this.#unsubscribe = options.service.onEvent((event) => {
      if (event.type === "round-changed" && event.taskId === options.taskId) this.#look();
    });
  }

  /** Notes that the device will not report in this round before it is over. */
  unable(roundId: RoundId, deviceId: DeviceId, why: Inability): void {
    const devices = this.#unable.get(roundId) ?? new Map<DeviceId, Inability>();
    this.#unable.set(roundId, devices.set(deviceId, why));
    this.#look();
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
  }

  /** Looks at every round with unable devices; what happens meanwhile is looked at again afterwards. */
  #look(): void {
    this.#isDirty = true;
    if (this.#isLooking || this.#isClosed || this.#unable.size === 0) return;
    void this.#lookUntilClean().catch(this.options.onError);
  }

  async #lookUntilClean(): Promise<void> {
    this.#isLooking = true;
    try {
      while (this.#isDirty && !this.#isClosed) {
        this.#isDirty = false;
        for (const [roundId, unable] of [...this.#unable]) await this.#lookAt(roundId, unable);
      }
    } finally {
      // In the same turn as the loop's last test, or what happens between the two would be missed.
      this.#isLooking = false;
    }
  }

  async #lookAt(roundId: RoundId, unable: ReadonlyMap<DeviceId, Inability>): Promise<void> {
    const { round, events } = await this.options.service.getRound(roundId);
    if (this.#isClosed) return;
    if (round.outcome !== "open") {
      this.#unable.delete(roundId);
      return this.options.onRoundOver(roundId);
    }
    const limitMs = leapLimitMs(outstandingOf(events), unable, this.options);
    if (limitMs !== null) this.options.clock.jumpToNextTimer(limitMs);
  }
}

/** How far time may leap now; null when it may not. */
export function leapLimitMs(
  outstanding: ReadonlySet<DeviceId>,
  unable: ReadonlyMap<DeviceId, Inability>,
  {
    lostGraceMs,
    reportingDeadlineMs,
  }: { readonly lostGraceMs: number; readonly reportingDeadlineMs: number },
): number | null {
  if (outstanding.size === 0) return null;
  const why = [...outstanding].map((deviceId) => unable.get(deviceId));
  if (why.includes(undefined)) return null;
  return why.includes("vanished") ? lostGraceMs : reportingDeadlineMs;
}

/** Members whose update may still be counted, as far as the journal says; empty before selection and after the end. */
export function outstandingOf(events: readonly JournalEvent[]): ReadonlySet<DeviceId> {
  const outstanding = new Set<DeviceId>();
  for (const event of events) {
    if (event.type === "cohort-selected") for (const deviceId of event.devices) outstanding.add(deviceId);
    if (event.type === "updates-counted")
      for (const { deviceId } of event.updates) outstanding.delete(deviceId);
    if (event.type === "update-refused" || event.type === "device-left") outstanding.delete(event.deviceId);
    if (event.type === "reporting-expired" || event.type === "stopped") outstanding.clear();
  }
  return outstanding;
}
