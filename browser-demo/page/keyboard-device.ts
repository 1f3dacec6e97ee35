/** One word offered above the keyboard; the id names the prediction it came from, where one was logged. */
export interface Suggestion {
  readonly word: string;
  readonly predictionId: string | null;
}

/** What the page needs from the device behind it. */
export interface KeyboardDevice {
  /** Up to three, best first, for what stands before the caret. */
  suggest(before: string): Promise<readonly Suggestion[]>;
  /** A suggestion was taken, or something else was typed instead (accepted false). */
  chosen(suggestion: Suggestion, accepted: boolean): void;
  /** A sentence is finished: it goes to the local log and nowhere else. */
  finished(sentence: string): Promise<void>;
  status(): KeyboardStatus;
  /** Calls on every change of the status; gives back how to stop. */
  onChange(listener: () => void): () => void;
  setConsent(consent: { readonly training: boolean; readonly reporting: boolean }): Promise<void>;
  trainNow(): Promise<void>;
  /** Erases log, models and identity, and tells the server to forget the device. */
  forget(): Promise<void>;
}

/** What the panel shows. Times are UTC epoch milliseconds of this machine. */
export interface KeyboardStatus {
  readonly model: { readonly name: string; readonly version: number; readonly sinceMs: number } | null;
  readonly engine: string | null;
  readonly connection: "online" | "offline" | "connecting";
  /** "this page" leads when it holds the connection and trains; others serve through it. */
  readonly role: "leader" | "follower" | "alone";
  readonly log: { readonly numRows: number; readonly sizeBytes: number };
  readonly eligibility: { readonly isEligible: boolean; readonly reasons: readonly string[] };
  readonly training: {
    readonly phase: "idle" | "waiting" | "training" | "sending";
    readonly last: {
      readonly atMs: number;
      readonly numExamples: number;
      readonly lossBefore: number;
      readonly lossAfter: number;
      readonly sentBytes: number;
    } | null;
  };
  /** Updates of the model that were sent, oldest first. */
  readonly sent: readonly { readonly atMs: number; readonly what: string; readonly sizeBytes: number }[];
  /** Everything that went over the connection since it was opened first. */
  readonly bytesUp: number;
  readonly consent: { readonly training: boolean; readonly reporting: boolean };
  readonly problem: string | null;
}
