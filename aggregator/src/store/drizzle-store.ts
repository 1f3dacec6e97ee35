import type { DeviceKeyStore } from "../identity/ports.js";
import type { Database } from "./database.js";
import { deviceQueries } from "./device-queries.js";
import type { ControlStore } from "./port.js";
import type { RegistryStore } from "../registry/registry-store.js";
import { registryQueries } from "./registry-queries.js";
import { roundQueries } from "./round-queries.js";
import { taskQueries } from "./task-queries.js";
import { versionQueries } from "./version-queries.js";

/** The control store with what identity and the registry keep beside it. */
export type DatabaseStore = ControlStore & DeviceKeyStore & RegistryStore;

/** The one implementation of the store, over either driver. `close` runs once, however often it is called. */
export function drizzleStore(database: Database, close: () => Promise<void>): DatabaseStore {
  let closing: Promise<void> | undefined;
  return {
    ...taskQueries(database),
    ...roundQueries(database),
    ...versionQueries(database),
    ...deviceQueries(database),
    ...registryQueries(database),
    close: () => (closing ??= close()),
  };
}
