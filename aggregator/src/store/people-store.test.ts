import { PGlite } from "@electric-sql/pglite";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbeddedStore } from "./embedded-store.js";
import { describeAppendOnlyAudit } from "./testing/conformance/append-only-suite.js";
import { describeAuditStore } from "./testing/conformance/audit-store-suite.js";
import { describePeopleStore } from "./testing/conformance/people-store-suite.js";

describeAuditStore("PGlite in memory", () => openEmbeddedStore({ directory: null }));
describeAppendOnlyAudit("PGlite on disk", async () => {
  const directory = await mkdtemp(join(tmpdir(), "fedge-append-only-"));
  const place = join(directory, "database");
  const store = await openEmbeddedStore({ directory: place });
  for (const subject of ["t1", "t2"])
    await store.appendAudit({ actor: "ana", action: "task.stop", subject, details: {} }, 1000);
  await store.close();
  const client = await PGlite.create({ dataDir: place });
  return {
    query: (statement) => client.query(statement),
    close: async () => {
      await client.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
});
describePeopleStore("PGlite in memory", async () => {
  const store = await openEmbeddedStore({ directory: null });
  return { people: store, audit: store, close: () => store.close() };
});
