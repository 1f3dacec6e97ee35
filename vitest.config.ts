import { defineConfig } from "vitest/config";
import { SkippedReporter } from "./test/skipped-reporter.js";

const unit = [
  "protocol/src/**/*.test.ts",
  "onnx-autodiff/src/**/*.test.ts",
  "device-runtime/src/**/*.test.ts",
  "browser-demo/src/**/*.test.ts",
  "electron-shell/src/**/*.test.ts",
  "aggregator/src/**/*.test.ts",
  "aggregator/dashboard/src/**/*.test.ts",
  "test/architecture/**/*.test.ts",
  "test/drift/**/*.test.ts",
];

/** Pages that are looked at and pressed, and whatever else says nothing by the second in which it happens. */
const pairs = [
  "browser/agreeing-engines",
  "browser/bundle",
  "browser/dashboard-access",
  "browser/differentiating",
  "browser/drift-alarm",
  "browser/drift-canary",
  "browser/drift-page",
  "browser/engine-choice",
  "browser/evaluations",
  "browser/examples",
  "browser/explanations",
  "browser/fallbacks",
  "browser/fleet-page",
  "browser/keyboard-fallbacks",
  "browser/keyboard-page-access",
  "browser/keyboard-page-keys",
  "browser/keyboard-page-panel",
  "browser/keyboard-page-status",
  "browser/keyboard-page-suggestions",
  "browser/keyboard-page-text",
  "browser/keyboard-page-typing",
  "browser/monitor",
  "browser/other-server",
  "browser/policies",
  "browser/rollout-plans",
  "browser/rollouts-page",
  "browser/sign-in-page",
  "browser/stores",
  "browser/tfjs-backends",
  "e2e/layers-files",
  "e2e/signed-releases",
  "e2e/tuf-driver",
  "electron/electron-types",
  "e2e/explanations",
  "privacy/encodings",
].map((name) => `test/${name}.test.ts`);

export default defineConfig({
  test: {
    reporters: [new SkippedReporter(), "default"],
    testTimeout: 60_000,
    projects: [
      {
        test: {
          ...{ name: "unit", include: unit, testTimeout: 60_000, hookTimeout: 60_000 },
          // Vitest would leave a core to whoever watches: on two cores that is half of the time.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...{ name: "pairs", include: pairs, testTimeout: 240_000, hookTimeout: 120_000 },
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "system",
          include: ["test/**/*.test.ts"],
          exclude: ["test/architecture/**", "test/drift/**", "**/node_modules/**", ...pairs],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          // After the others: what it measures in seconds wants the machine.
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
