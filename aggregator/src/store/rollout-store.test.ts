import { openEmbeddedStore } from "./embedded-store.js";
import { describeRolloutStore } from "./testing/conformance/rollout-store-suite.js";

describeRolloutStore("PGlite in memory", () => openEmbeddedStore({ directory: null }));
