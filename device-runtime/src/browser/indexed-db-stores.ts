import type { Sha256 } from "@fedge/protocol";
import { unwrap } from "idb";
import type { BlobStore, ByteStore } from "../core/ports/storage.js";
import { guarded, reading, type DeviceDatabase } from "./database.js";

/** Small values in IndexedDB. A value is on disk when `put` resolves, as far as browsers promise that. */
export function createIndexedDbValues(database: DeviceDatabase): ByteStore {
  return {
    get: (key) => reading(database, "values", (values) => values.get(key)),
    put: (key, value) =>
      guarded(async () => {
        const transaction = database.transaction("values", "readwrite", { durability: "strict" });
        await Promise.all([transaction.store.put(ownBytes(value), key), transaction.done]);
      }),
    delete: (key) => guarded(() => database.delete("values", key)),
    write: (changes, { isDurable } = { isDurable: true }) =>
      guarded(async () => {
        const durability = isDurable ? "strict" : "relaxed";
        const transaction = database.transaction("values", "readwrite", { durability });
        // Without a listener and a promise for each value: the transaction says for all whether they are there.
        const store = unwrap(transaction.store) as IDBObjectStore;
        try {
          for (const [key, value] of changes) {
            if (value === null) store.delete(key);
            else store.put(ownBytes(value), key);
          }
        } catch (error) {
          transaction.done.catch(() => undefined);
          transaction.abort();
          throw error;
        }
        await transaction.done;
      }),
    keys: (prefix) =>
      reading(database, "values", (values) =>
        values.getAllKeys(IDBKeyRange.bound(prefix, `${prefix}\uffff`, false, true)),
      ),
  };
}

/** Blobs in IndexedDB, by hash. */
export function createIndexedDbBlobs(database: DeviceDatabase): BlobStore {
  return {
    get: (sha256) => reading(database, "blobs", (blobs) => blobs.get(sha256)),
    put: (sha256, bytes) =>
      guarded(async () => {
        const transaction = database.transaction("blobs", "readwrite", { durability: "strict" });
        await Promise.all([transaction.store.put(ownBytes(bytes), sha256), transaction.done]);
      }),
    has: (sha256) => reading(database, "blobs", async (blobs) => (await blobs.count(sha256)) > 0),
    delete: (sha256) => guarded(() => database.delete("blobs", sha256)),
    list: () => reading(database, "blobs", async (blobs) => (await blobs.getAllKeys()) as Sha256[]),
  };
}

/** A view keeps the whole buffer behind it in the database, and shared memory cannot be kept at all. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
  return isWhole ? bytes : bytes.slice();
}
