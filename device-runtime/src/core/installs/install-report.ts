import type { ErrorCode, InstallReport, InstallState, ModelName } from "@fedge/protocol";
import type { Connection } from "../connection/connection.js";
import { tokenOf, type Attempt, type InstallRecord, type Token } from "./install-state.js";

/** Where the work on a model's newest release stands, for the app. */
export interface InstallStatus {
  readonly version: number;
  readonly state: InstallState;
  /** Why it failed, or what it waits for; null when all is well. */
  readonly code: ErrorCode | null;
  readonly message: string | null;
  /** When the state is given up, UTC epoch milliseconds; null in a final one. */
  readonly deadlineAtMs: number | null;
  readonly rolloutId: string | null;
}

export function statusOf({ goal, state, fault, deadlineAtMs }: Attempt): InstallStatus {
  const { version, rolloutId } = goal;
  const { code, message } = fault ?? { code: null, message: null };
  return { version, state, code, message, deadlineAtMs, rolloutId };
}

/** More than an attempt has transitions: a later attempt's first step is above the earlier one's last. */
const STEPS_PER_ATTEMPT = 1000;
const MAX_MESSAGE_LENGTH = 256;

export function reportOf(
  model: ModelName,
  number: number,
  { goal, state, fault, numTransitions }: Attempt,
): InstallReport {
  const { version, manifest, releaseCounter, rolloutId, attempt } = goal;
  return {
    type: "install",
    ...{ model, version, releaseCounter, rolloutId, attempt, state },
    manifestSha256: manifest.sha256,
    step: number * STEPS_PER_ATTEMPT + numTransitions,
    ...(fault === null ? {} : { code: fault.code, message: fault.message.slice(0, MAX_MESSAGE_LENGTH) }),
  };
}

export interface InstallReportsParts {
  readonly model: ModelName;
  readonly connection: Pick<Connection, "send" | "isOnline">;
  readonly mayReport: () => boolean;
  readonly record: () => InstallRecord;
  /** The broker has the report; resolves when that is noted. */
  readonly onReported: (token: Token) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/**
 * Tells the server how attempts stand, one report after the other: the last state of each, and of the present one
 * whichever is the newest by then. The record says what is still to be told, so that a restart loses none.
 */
export class InstallReports {
  #isSending = false;
  #mustRepeat = true;

  constructor(private readonly parts: InstallReportsParts) {}

  /** Says again how the present attempt stands: the server may have forgotten. */
  repeat(): void {
    this.#mustRepeat = true;
    this.tell();
  }

  tell(): void {
    if (this.#isSending) return;
    this.#isSending = true;
    void this.#sendAll()
      .catch((error: unknown) => {
        // Without a connection it waits for the next one.
        if (this.parts.connection.isOnline) this.parts.onError(error);
      })
      .finally(() => (this.#isSending = false));
  }

  async #sendAll(): Promise<void> {
    const { connection, mayReport } = this.parts;
    while (mayReport() && connection.isOnline) {
      const next = this.#next();
      if (next === null) return;
      await connection.send("report", next.report);
      await this.parts.onReported(next.token);
    }
  }

  #next(): { readonly token: Token; readonly report: InstallReport } | null {
    const { model } = this.parts;
    const record = this.parts.record();
    const [oldest] = record.unreported;
    if (oldest !== undefined) {
      const token = tokenOf({ numAttempts: oldest.number, attempt: oldest.attempt });
      return { token, report: reportOf(model, oldest.number, oldest.attempt) };
    }
    const { attempt, numAttempts } = record;
    if (attempt === null || (attempt.isReported && !this.#mustRepeat)) return null;
    this.#mustRepeat = false;
    return { token: tokenOf(record), report: reportOf(model, numAttempts, attempt) };
  }
}
