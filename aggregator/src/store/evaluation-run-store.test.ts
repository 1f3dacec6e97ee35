import { openEmbeddedStore } from "./embedded-store.js";
import { describeEvaluationRunStore } from "./testing/conformance/evaluation-run-store-suite.js";

describeEvaluationRunStore("PGlite in memory", () => openEmbeddedStore({ directory: null }));
