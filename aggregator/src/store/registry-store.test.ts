import { afterAll, beforeAll, test } from "vitest";
import { openEmbeddedStore } from "./embedded-store.js";
import { openPostgresStore } from "./postgres-store.js";
import { describeRegistryStore } from "./testing/conformance/registry-store-suite.js";
import { findPostgres, startPostgres, type PostgresCluster } from "./testing/postgres-cluster.js";

describeRegistryStore("PGlite in memory", () => openEmbeddedStore({ directory: null }));

const found = await findPostgres();

if ("missing" in found) {
  test.skip(`registry store on PostgreSQL: ${found.missing}`, () => undefined);
} else {
  let cluster: PostgresCluster;
  beforeAll(async () => {
    cluster = await startPostgres(found.bin);
  }, 120_000);
  afterAll(() => cluster.close(), 60_000);

  describeRegistryStore("PostgreSQL", () => openPostgresStore({ url: cluster.url }));
}
