import { deviceId } from "@fedge/protocol";
import * as z from "zod/mini";
import type { DevicePorts } from "../ports/ports.js";
import type { Farewell } from "../ports/transport.js";

const KEY = "farewell";

const kept = z.object({
  farewell: z.object({ deviceId, timestampMs: z.number(), signature: z.string() }),
  isErased: z.boolean(),
});

/**
 * Erases a device and tells its server so. The signed wish is kept first: after a kill at any point the next start
 * goes on, and the server is told even when the key is gone.
 */
export class Farewells {
  constructor(
    private readonly ports: Pick<DevicePorts, "store" | "blobs" | "identity">,
    private readonly onError: (error: unknown) => void,
  ) {}

  /**
   * Resolves with whether the server knows. What can be erased is erased, and the server told, whatever else fails;
   * then throws STORAGE_FAILED or STORAGE_FULL when something is left.
   */
  async say(): Promise<boolean> {
    const farewell = await this.ports.identity.farewell();
    // A wish that cannot be kept cannot be told later: all the more it is told now.
    await this.#keep(farewell, false).catch(this.onError);
    return this.#finish(farewell, false);
  }

  /** Ends what a stop interrupted; without one, does nothing. Resolves with whether a server is still to be told. */
  async restore(): Promise<boolean> {
    const before = await this.#kept();
    if (before === null) return false;
    if (!before.isErased) await this.#erase(before.farewell);
    return true;
  }

  /** Tells the server what it has not been told. */
  async tellLate(): Promise<void> {
    const before = await this.#kept();
    if (before !== null) await this.#finish(before.farewell, true);
  }

  async #finish(farewell: Farewell, isErased: boolean): Promise<boolean> {
    const failures = isErased ? [] : await this.#eraseAll(farewell);
    const isTold = await this.#tell(farewell);
    // A wish whose erasing is not done stays, so that the next start goes on with it.
    if (failures.length > 0) throw failures[0];
    if (isTold) await this.ports.store.delete(KEY);
    return isTold;
  }

  async #tell(farewell: Farewell): Promise<boolean> {
    try {
      await this.ports.identity.sayFarewell(farewell);
      return true;
    } catch (error) {
      this.onError(error);
      return false;
    }
  }

  /** What is to be erased, and each by itself: one that cannot be must not keep the others. Gives what failed. */
  async #eraseAll(farewell: Farewell): Promise<unknown[]> {
    const { store, blobs, identity } = this.ports;
    const failures: unknown[] = [];
    const attempt = (work: () => Promise<void>): Promise<void> =>
      work().catch((error: unknown) => void failures.push(error));
    await attempt(async () => {
      const keys = (await store.keys("")).filter((key) => key !== KEY);
      await store.write(keys.map((key) => [key, null] as const));
    });
    await attempt(async () => {
      for (const sha256 of await blobs.list()) await attempt(() => blobs.delete(sha256));
    });
    await attempt(() => identity.erase());
    // Without room for the note the next start erases once more, or has nothing to.
    if (failures.length === 0) await this.#keep(farewell, true).catch(this.onError);
    return failures;
  }

  async #erase(farewell: Farewell): Promise<void> {
    const [failure] = await this.#eraseAll(farewell);
    if (failure !== undefined) throw failure;
  }

  async #keep(farewell: Farewell, isErased: boolean): Promise<void> {
    await this.ports.store.put(KEY, new TextEncoder().encode(JSON.stringify({ farewell, isErased })));
  }

  async #kept(): Promise<z.infer<typeof kept> | null> {
    const bytes = await this.ports.store.get(KEY);
    if (bytes === undefined) return null;
    try {
      return z.parse(kept, JSON.parse(new TextDecoder().decode(bytes)));
    } catch (error) {
      this.onError(error);
      return null;
    }
  }
}
