import type { AuditStore } from "../audit/ports.js";
import type { DeviceKeyStore } from "../identity/ports.js";
import type { PeopleStore } from "../people/ports.js";
import { auditQueries } from "./audit-queries.js";
import type { Database } from "./database.js";
import { deviceQueries } from "./device-queries.js";
import { peopleQueries } from "./people-queries.js";
import type { ControlStore } from "./port.js";
import { roundQueries } from "./round-queries.js";
import { taskQueries } from "./task-queries.js";
import { versionQueries } from "./version-queries.js";

/** The control store with what identity, people and the audit log keep beside it. */
export type DatabaseStore = ControlStore & DeviceKeyStore & AuditStore & PeopleStore;

/** The one implementation of the store, over either driver. `close` runs once, however often it is called. */
export function drizzleStore(database: Database, close: () => Promise<void>): DatabaseStore {
  let closing: Promise<void> | undefined;
  return {
    ...taskQueries(database),
    ...roundQueries(database),
    ...versionQueries(database),
    ...deviceQueries(database),
    ...auditQueries(database),
    ...peopleQueries(database),
    close: () => (closing ??= close()),
  };
}
