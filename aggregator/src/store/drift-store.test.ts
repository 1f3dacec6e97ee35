import { memoryDriftStore } from "../drift/testing/memory-drift-store.js";
import { openEmbeddedStore } from "./embedded-store.js";
import { describeDriftStore } from "./testing/conformance/drift-store-suite.js";

describeDriftStore("PGlite in memory", () => openEmbeddedStore({ directory: null }));
describeDriftStore("memory, for simulations", async () => ({
  drift: memoryDriftStore(),
  close: () => Promise.resolve(),
}));
