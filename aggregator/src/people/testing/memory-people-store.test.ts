import { MemoryAuditStore } from "../../audit/testing/memory-audit.js";
import { describeAuditStore } from "../../store/testing/conformance/audit-store-suite.js";
import { describePeopleStore } from "../../store/testing/conformance/people-store-suite.js";
import { MemoryPeopleStore } from "./memory-people-store.js";

const close = (): Promise<void> => Promise.resolve();

describeAuditStore("memory", async () => Object.assign(new MemoryAuditStore(), { close }));
describePeopleStore("memory", async () => {
  const audit = new MemoryAuditStore();
  return { people: new MemoryPeopleStore(audit), audit, close };
});
