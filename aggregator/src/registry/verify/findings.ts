import { FedgeError, errorCodeOf, type BlobRef } from "@fedge/protocol";
import type { BlobStore } from "../../blobs/port.js";

export interface VerificationCheck {
  readonly what: string;
  readonly isSame: boolean;
  readonly expected: string;
  readonly found: string;
}

/** What neither has, such as the state of an optimizer that keeps none. */
const NONE = "none";

/** What a verification compared, in its order. */
export class Findings {
  readonly #checks: VerificationCheck[] = [];

  constructor(private readonly subject: string) {}

  get checks(): readonly VerificationCheck[] {
    return this.#checks;
  }

  /** `expected` is what is recorded, `found` what was made or read again. */
  compare(what: string, found: Comparable, expected: Comparable): void {
    const isSame = found === expected;
    this.#checks.push({ what, isSame, expected: String(expected ?? NONE), found: String(found ?? NONE) });
  }

  /** The bytes of a blob, or undefined with a finding when they are damaged or gone. */
  async read(
    what: string,
    { sha256, sizeBytes }: BlobRef,
    blobs: BlobStore,
  ): Promise<Uint8Array | undefined> {
    try {
      const bytes = await blobs.get(sha256);
      // The store has compared the hash.
      if (bytes.byteLength === sizeBytes) this.compare(what, sha256, sha256);
      else this.compare(what, `${bytes.byteLength} B`, `${sizeBytes} B`);
      return bytes;
    } catch (error) {
      const code = errorCodeOf(error);
      if (code !== "BLOB_HASH_MISMATCH" && code !== "BLOB_INCOMPLETE") throw error;
      this.compare(what, code === "BLOB_INCOMPLETE" ? "missing" : "damaged", sha256);
      return undefined;
    }
  }

  /** Throws VERSION_NOT_REPRODUCED naming everything that differs. */
  requireAllSame(): void {
    const different = this.#checks.filter(({ isSame }) => !isSame);
    if (different.length === 0) return;
    const [first] = different;
    const names = different.map(({ what }) => what).join(", ");
    throw new FedgeError(
      "VERSION_NOT_REPRODUCED",
      `${this.subject} is not what its journal makes: ${names} differs (recorded ${first?.expected}, found ` +
        `${first?.found}); do not release it, and restore the state directory from a backup`,
      { details: { checks: different } },
    );
  }
}

type Comparable = string | number | null | undefined;
