import { hasErrorCode, type ErrorCode } from "@fedge/protocol";

/** Something that a device goes on without, in words that a person can read. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
}

const LASTING: ReadonlySet<ErrorCode> = new Set(["STORAGE_FULL", "STORAGE_FAILED", "METADATA_EXPIRED"]);

/** What a device has found wrong with the place where it runs, and does its best without. */
export class Problems {
  readonly #met = new Map<ErrorCode, string>();

  /** `given` are those that whoever started the device knows of; they stay. */
  constructor(private readonly given: readonly Problem[]) {}

  /** The given ones, then the latest of each code. */
  get all(): readonly Problem[] {
    return [...this.given, ...[...this.#met].map(([code, message]) => ({ code, message }))];
  }

  /** Takes note of an error that says something about the place, and of no other. */
  met(error: unknown): void {
    if (hasErrorCode(error) && LASTING.has(error.code)) this.#met.set(error.code, error.message);
  }

  /** Something was kept: what kept it from being kept is over. */
  kept(): void {
    this.#met.delete("STORAGE_FULL");
    this.#met.delete("STORAGE_FAILED");
  }

  /** Signed metadata are fresh: the device can install again. */
  trusted(): void {
    this.#met.delete("METADATA_EXPIRED");
  }
}
