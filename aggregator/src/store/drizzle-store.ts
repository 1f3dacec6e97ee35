import type { AuditStore } from "../audit/ports.js";
import type { DeviceKeyStore } from "../identity/ports.js";
import type { PeopleStore } from "../people/ports.js";
import type { EvaluationRunStore } from "../evaluation/federated/run-store.js";
import type { DriftStore } from "../drift/drift-store.js";
import { auditQueries } from "./audit-queries.js";
import type { Database } from "./database.js";
import { evaluationRunQueries } from "./evaluation-run-queries.js";
import { deviceQueries } from "./device-queries.js";
import { driftQueries } from "./drift-queries.js";
import { peopleQueries } from "./people-queries.js";
import type { ControlStore } from "./port.js";
import type { RegistryStore } from "../registry/registry-store.js";
import { registryQueries } from "./registry-queries.js";
import type { RolloutStore } from "../rollouts/rollout-store.js";
import { rolloutQueries } from "./rollout-queries.js";
import { roundQueries } from "./round-queries.js";
import { taskQueries } from "./task-queries.js";
import { versionQueries } from "./version-queries.js";

/** The control store with what identity, people, the audit log, the registry, rollouts and evaluations keep beside it. */
export type DatabaseStore = ControlStore &
  DeviceKeyStore &
  AuditStore &
  PeopleStore &
  RegistryStore & {
    readonly rollouts: RolloutStore;
    readonly evaluationRuns: EvaluationRunStore;
    readonly drift: DriftStore;
  };

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
    ...registryQueries(database),
    rollouts: rolloutQueries(database),
    evaluationRuns: evaluationRunQueries(database),
    drift: driftQueries(database),
    close: () => (closing ??= close()),
  };
}
