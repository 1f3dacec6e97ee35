import { hasErrorCode } from "@fedge/protocol";
import type { ByteStore } from "../ports/storage.js";

const KEY = "session";

/**
 * More than the last session of this device, kept before it is used: a late will names an older one. It is no less
 * than the clock's seconds, so that it also rises from start to start on a device that has no room to keep it.
 */
export class SessionNumbers {
  #last = 0;

  constructor(
    private readonly store: Pick<ByteStore, "get" | "put">,
    private readonly clock: { nowMs(): number },
    /** Told that the number could not be kept; the session goes on. */
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Throws STORAGE_FAILED when what was kept cannot be read. */
  async next(): Promise<number> {
    const kept = await this.store.get(KEY);
    const last = kept === undefined ? 0 : Number(new TextDecoder().decode(kept));
    const before = Math.max(this.#last, Number.isSafeInteger(last) ? last : 0);
    this.#last = Math.max(before + 1, Math.floor(this.clock.nowMs() / 1000));
    await this.#keep(this.#last);
    return this.#last;
  }

  async #keep(session: number): Promise<void> {
    try {
      await this.store.put(KEY, new TextEncoder().encode(String(session)));
    } catch (error) {
      if (!hasErrorCode(error) || error.code !== "STORAGE_FULL") throw error;
      this.onError(error);
    }
  }
}
