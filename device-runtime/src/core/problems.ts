import {
  UNTRUSTING_CODES as UNTRUSTING,
  hasErrorCode,
  type ErrorCode,
  type UntrustingCode,
} from "@fedge/protocol";

/** Something that a device goes on without, in words that a person can read. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
}

const LASTING: ReadonlySet<ErrorCode> = new Set(["STORAGE_FULL", "STORAGE_FAILED", ...UNTRUSTING]);

/** What a device has found wrong with the place where it runs, and does its best without. */
export class Problems {
  readonly #met = new Map<ErrorCode, string>();
  #said: UntrustingCode | null = null;

  /** `given` are those that whoever started the device knows of; they stay. */
  constructor(
    private readonly given: readonly Problem[],
    /** Told when `untrusting` has changed. */
    private readonly onUntrusting: () => void = () => undefined,
  ) {}

  /** The given ones, then the latest of each code. */
  get all(): readonly Problem[] {
    return [...this.given, ...[...this.#met].map(([code, message]) => ({ code, message }))];
  }

  /** Takes note of an error that says something about the place, and of no other. */
  met(error: unknown): void {
    if (hasErrorCode(error) && LASTING.has(error.code)) this.#met.set(error.code, error.message);
    this.#say();
  }

  /** Something was kept: what kept it from being kept is over. */
  kept(): void {
    this.#met.delete("STORAGE_FULL");
    this.#met.delete("STORAGE_FAILED");
  }

  /** Signed metadata are fresh: the device can install again. */
  trusted(): void {
    for (const code of UNTRUSTING) this.#met.delete(code);
    this.#say();
  }

  /** Why the device believes nothing new; null while it does. */
  get untrusting(): UntrustingCode | null {
    return UNTRUSTING.find((code) => this.#met.has(code)) ?? null;
  }

  #say(): void {
    const { untrusting } = this;
    if (untrusting === this.#said) return;
    this.#said = untrusting;
    this.onUntrusting();
  }
}
