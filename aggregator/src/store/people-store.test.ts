import { openEmbeddedStore } from "./embedded-store.js";
import { describeAuditStore } from "./testing/conformance/audit-store-suite.js";
import { describePeopleStore } from "./testing/conformance/people-store-suite.js";

describeAuditStore("PGlite in memory", () => openEmbeddedStore({ directory: null }));
describePeopleStore("PGlite in memory", async () => {
  const store = await openEmbeddedStore({ directory: null });
  return { people: store, audit: store, close: () => store.close() };
});
