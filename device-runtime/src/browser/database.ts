import { FedgeError } from "@fedge/protocol";
import { openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore, type StoreNames } from "idb";

const VERSION = 1;

/** What a device keeps in a browser. */
export interface DeviceSchema extends DBSchema {
  /** Small values by key. */
  values: { key: string; value: Uint8Array };
  /** Immutable bytes by their SHA-256. */
  blobs: { key: string; value: Uint8Array };
  /** Keys that no script can read, only use. */
  keys: { key: string; value: CryptoKeyPair };
}

export type DeviceDatabase = IDBPDatabase<DeviceSchema>;

/** Opens the device's database, making it the first time. Throws STORAGE_FAILED where the browser keeps nothing. */
export async function openDeviceDatabase(name: string): Promise<DeviceDatabase> {
  return guarded(() => {
    // With blocked site data the name itself throws, also after `typeof`.
    if (typeof indexedDB === "undefined")
      throw new FedgeError("STORAGE_FAILED", `this page may keep nothing; ${REMEDY}`);
    return openDB<DeviceSchema>(name, VERSION, {
      upgrade: (database) => {
        database.createObjectStore("values");
        database.createObjectStore("blobs");
        database.createObjectStore("keys");
      },
      // Another tab deletes or upgrades: this connection must not stand in its way.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase | null)?.close(),
    });
  });
}

const REMEDY = "allow site data, or leave the private window";

/** The work's result. Throws STORAGE_FULL or STORAGE_FAILED instead of what IndexedDB throws. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof FedgeError) throw cause;
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const isFull = cause instanceof DOMException && cause.name === "QuotaExceededError";
    const code = isFull ? "STORAGE_FULL" : "STORAGE_FAILED";
    const remedy = isFull ? "free some of the site's data" : REMEDY;
    throw new FedgeError(code, `the browser's database failed (${reason}); ${remedy}`, { cause });
  }
}

type Reading<Name extends StoreNames<DeviceSchema>> = IDBPObjectStore<DeviceSchema, [Name], Name>;

/**
 * What is read in a transaction of its own. Throws as `guarded` does. A transaction that is aborted, as when the site's
 * data are cleared, is heard of by its request alone: idb's own reads leave a second rejection that nobody can catch.
 */
export function reading<Name extends StoreNames<DeviceSchema>, T>(
  database: DeviceDatabase,
  name: Name,
  read: (store: Reading<Name>) => Promise<T>,
): Promise<T> {
  return guarded(() => {
    const transaction = database.transaction(name, "readonly");
    transaction.done.catch(() => undefined);
    return read(transaction.store);
  });
}
