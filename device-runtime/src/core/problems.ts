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

/** Signatures of keys that the device does not know. */
const UNSIGNED = ["METADATA_UNSIGNED", "RELEASE_UNSIGNED"] as const;

const LASTING: ReadonlySet<ErrorCode> = new Set([
  "STORAGE_FULL",
  "STORAGE_FAILED",
  "FEATURE_SKEW",
  "EXPLANATION_FAILED",
  ...UNTRUSTING,
  ...UNSIGNED,
]);

/** What a server says whose keys the device does not know, and what can be done. */
function ofOtherKeys(message: string): string {
  return (
    `this address has other keys than before: ${message}. If its server was set up anew, ` +
    "forget this device; if not, somebody else answers there"
  );
}

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
    if (hasErrorCode(error) && LASTING.has(error.code)) {
      const { code, message } = error;
      this.#met.set(code, code.endsWith("_UNSIGNED") ? ofOtherKeys(message) : message);
    }
    this.#say();
  }

  /** Something was kept: what kept it from being kept is over. */
  kept(): void {
    this.#met.delete("STORAGE_FULL");
    this.#met.delete("STORAGE_FAILED");
  }

  /** Another version serves, which was proven. */
  served(): void {
    this.kept();
    this.#met.delete("FEATURE_SKEW");
    this.#met.delete("EXPLANATION_FAILED");
  }

  /** Signed metadata are fresh: the device can install again. */
  trusted(): void {
    for (const code of [...UNTRUSTING, ...UNSIGNED]) this.#met.delete(code);
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
