import { FedgeError, toWireError, type ErrorCode } from "@fedge/protocol";
import type { Problem } from "../core/problems.js";
import type { BlobStore, ByteStore } from "../core/ports/storage.js";
import type { DeviceKey } from "../identity/device-key.js";
import { openDeviceDatabase, type DeviceDatabase } from "./database.js";
import { createIndexedDbBlobs, createIndexedDbValues } from "./indexed-db-stores.js";
import { eraseWebDeviceKey, makePassingKey, openWebDeviceKey } from "./web-device-key.js";

/** Where a device in a page keeps what it has. */
export interface DeviceStorage {
  readonly store: ByteStore;
  readonly blobs: BlobStore;
  readonly key: DeviceKey;
  readonly eraseKey: () => Promise<void>;
  /** Whether it is gone with the page. */
  readonly isPassing: boolean;
  readonly problems: readonly Problem[];
  close(): void;
}

/** A browser that asks the person, or that waits for another tab, may never answer. */
const OPEN_MS = 5000;

/**
 * IndexedDB; where the browser keeps nothing (a private window, blocked site data, no room, a database that does not
 * open, or one that takes no keys), the page's memory, which is said among the problems. Throws ENGINE_UNAVAILABLE for a
 * browser without Ed25519.
 */
export async function openDeviceStorage(name: string): Promise<DeviceStorage> {
  const database = await opened(name);
  if (database instanceof FedgeError) return passingStorage(database);
  try {
    return await kept(database);
  } catch (error) {
    database.close();
    if (!(error instanceof FedgeError) || !STORAGE_ERRORS.has(error.code)) throw error;
    return passingStorage(error);
  }
}

const STORAGE_ERRORS: ReadonlySet<ErrorCode> = new Set(["STORAGE_FULL", "STORAGE_FAILED"]);

async function kept(database: DeviceDatabase): Promise<DeviceStorage> {
  return {
    store: createIndexedDbValues(database),
    blobs: createIndexedDbBlobs(database),
    key: await openWebDeviceKey(database),
    eraseKey: () => eraseWebDeviceKey(database),
    ...{ isPassing: false, problems: [] },
    close: () => database.close(),
  };
}

async function passingStorage(reason: FedgeError): Promise<DeviceStorage> {
  const { code, message } = toWireError(reason);
  // Fetched only here: hardly any page keeps nothing.
  const { createMemoryBlobStore, createMemoryByteStore } = await import("../memory/memory-stores.js");
  return {
    store: createMemoryByteStore(),
    blobs: createMemoryBlobStore(),
    key: await makePassingKey(),
    eraseKey: () => Promise.resolve(),
    isPassing: true,
    problems: [{ code, message: `nothing can be kept when this page closes: ${message}` }],
    close: () => undefined,
  };
}

async function opened(name: string): Promise<DeviceDatabase | FedgeError> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<FedgeError>((resolve) => {
    const error = new FedgeError("STORAGE_FAILED", "the browser's database does not open; close other tabs");
    timer = setTimeout(() => resolve(error), OPEN_MS);
  });
  const opening = openDeviceDatabase(name);
  try {
    const first = await Promise.race([opening, late]);
    // A database that opens after all would stand in the way of other tabs.
    if (first instanceof FedgeError) opening.then((database) => database.close()).catch(() => undefined);
    return first;
  } catch (error) {
    if (error instanceof FedgeError) return error;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
