import type { Assigned, ErrorCode, Report, RetryWindow, RoundDown, RoundUp } from "@fedge/protocol";

export type Participation =
  | { readonly phase: "resting" }
  | { readonly phase: "asking" }
  | { readonly phase: "waiting" }
  | { readonly phase: "training"; readonly assignment: Assigned }
  | { readonly phase: "reporting"; readonly assignment: Assigned; readonly report: Report };

export type ParticipationEvent =
  | { readonly type: "able" }
  /** The conditions do not allow work now. An update that is ready may still be sent. */
  | { readonly type: "unable" }
  /** The consent is gone: nothing may be sent. */
  | { readonly type: "forbidden" }
  /** An assignment that came while the device may not work. */
  | { readonly type: "declined"; readonly assignment: Assigned }
  /** An effect failed. */
  | { readonly type: "broken"; readonly code: ErrorCode }
  | { readonly type: "online" }
  | { readonly type: "message"; readonly message: RoundDown }
  | { readonly type: "trained"; readonly report: Report }
  | { readonly type: "train-failed"; readonly roundId: string; readonly code: ErrorCode }
  | { readonly type: "expired" }
  | { readonly type: "restored" };

export type ParticipationEffect =
  | { readonly type: "persist"; readonly state: Participation }
  | { readonly type: "ask" }
  | { readonly type: "send"; readonly message: RoundUp }
  | { readonly type: "train"; readonly assignment: Assigned }
  | { readonly type: "stop-training" }
  | {
      readonly type: "upload";
      readonly assignment: Assigned;
      readonly missing: readonly (readonly [number, number])[];
    }
  | { readonly type: "forget-update" }
  | { readonly type: "rest"; readonly window: RetryWindow }
  | { readonly type: "expect-answer"; readonly withinMs: number }
  | {
      readonly type: "tell";
      readonly roundId: string;
      readonly phase: RoundPhase;
      readonly code: ErrorCode | null;
    };

/** What the app hears of a round. */
export type RoundPhase =
  | "assigned"
  /** Everything is here; the trainer begins. */
  | "training"
  | "trained"
  /** The report was handed to the connection, for the first time or again. */
  | "reported"
  | "uploading"
  | "counted"
  | "refused"
  | "closed"
  | "given-up";

export interface ParticipationStep {
  readonly state: Participation;
  readonly effects: readonly ParticipationEffect[];
}
