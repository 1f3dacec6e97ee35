import { nonNegativeInt } from "@fedge/protocol";
import * as z from "zod/mini";
import type { ByteStore } from "../ports/storage.js";

const KEY = "trust/time";
/** What is lost of it by a crash is less than any expiry. */
const KEEP_EVERY_MS = 60_000;

/**
 * A time that never goes back: whoever sets the device's clock back makes no expired metadata fresh again. It is only
 * raised to times at which metadata were fresh, so that a clock that was far ahead once does not end all trust.
 */
export class TrustedTime {
  #lastMs = 0;
  #keptMs: number | null = null;

  constructor(private readonly store: ByteStore) {}

  /** The time to compare expiries with. */
  async at(nowMs: number): Promise<number> {
    if (this.#keptMs === null) {
      this.#keptMs = decodeTime(await this.store.get(KEY));
      this.#lastMs = Math.max(this.#lastMs, this.#keptMs);
    }
    return Math.max(nowMs, this.#lastMs);
  }

  /** Signed metadata were fresh at this time. Throws STORAGE_FAILED or STORAGE_FULL. */
  async confirm(atMs: number): Promise<void> {
    this.#lastMs = Math.max(this.#lastMs, Math.floor(atMs));
    if (this.#lastMs - (this.#keptMs ?? 0) < KEEP_EVERY_MS) return;
    await this.store.put(KEY, new TextEncoder().encode(JSON.stringify(this.#lastMs)));
    this.#keptMs = this.#lastMs;
  }
}

function decodeTime(bytes: Uint8Array | undefined): number {
  if (bytes === undefined) return 0;
  return z.safeParse(nonNegativeInt, Number(new TextDecoder().decode(bytes))).data ?? 0;
}
