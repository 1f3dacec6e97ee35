import { FedgeError } from "@fedge/protocol";
import { ClassicLevel } from "classic-level";
import type { ByteStore } from "../core/ports/storage.js";

const DURABLE = { isDurable: true };

export interface ClosableByteStore extends ByteStore {
  /** Idempotent. */
  close(): Promise<void>;
}

/** Small values in a LevelDB of this process alone. Throws STATE_DIRECTORY_LOCKED or STORAGE_FAILED. */
export async function openLevelStore(directory: string): Promise<ClosableByteStore> {
  const level = new ClassicLevel<string, Uint8Array>(directory, {
    keyEncoding: "utf8",
    valueEncoding: "view",
  });
  try {
    await level.open();
  } catch (cause) {
    throw openError(directory, cause);
  }
  return {
    get: async (key) => plain(await guarded(() => level.get(key))),
    put: (key, value) => guarded(() => level.put(key, value, { sync: true })),
    delete: (key) => guarded(() => level.del(key)),
    write: (changes, { isDurable } = DURABLE) =>
      guarded(() =>
        level.batch(
          changes.map(([key, value]) =>
            value === null ? { type: "del", key } : { type: "put", key, value },
          ),
          { sync: isDurable },
        ),
      ),
    keys: (prefix) => guarded(() => level.keys({ gte: prefix, lt: `${prefix}\u{10ffff}` }).all()),
    close: () => level.close(),
  };
}

/** The port speaks of Uint8Array; a Buffer slices without copying, which callers do not expect. */
function plain(value: Uint8Array | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const isFull = /no space|ENOSPC/i.test(reason);
    throw new FedgeError(isFull ? "STORAGE_FULL" : "STORAGE_FAILED", `the device's store failed: ${reason}`, {
      cause,
    });
  }
}

function openError(directory: string, cause: unknown): FedgeError {
  const reasons = [cause, cause instanceof Error ? cause.cause : undefined];
  const isLocked = reasons.some(
    (reason) =>
      typeof reason === "object" && reason !== null && "code" in reason && reason.code === "LEVEL_LOCKED",
  );
  if (isLocked) {
    return new FedgeError(
      "STATE_DIRECTORY_LOCKED",
      `another process uses ${directory}; stop it, or choose another stateDirectory`,
      { cause },
    );
  }
  return new FedgeError(
    "STORAGE_FAILED",
    `cannot open the device's store in ${directory}; is the folder writable?`,
    { cause },
  );
}
