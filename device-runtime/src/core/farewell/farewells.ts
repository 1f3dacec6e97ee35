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

  /** Resolves with whether the server knows. Throws STORAGE_FAILED when something cannot be erased. */
  async say(): Promise<boolean> {
    const farewell = await this.ports.identity.farewell();
    await this.#keep(farewell, false);
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
    if (!isErased) await this.#erase(farewell);
    try {
      await this.ports.identity.sayFarewell(farewell);
    } catch (error) {
      this.onError(error);
      return false;
    }
    await this.ports.store.delete(KEY);
    return true;
  }

  async #erase(farewell: Farewell): Promise<void> {
    const { store, blobs, identity } = this.ports;
    const keys = (await store.keys("")).filter((key) => key !== KEY);
    await store.write(keys.map((key) => [key, null] as const));
    for (const sha256 of await blobs.list()) await blobs.delete(sha256);
    await identity.erase();
    await this.#keep(farewell, true);
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
