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

/** Pages that are looked at and pressed: what they show in which second says nothing. */
const pages = [
  "agreeing-engines",
  "dashboard-access",
  "differentiating",
  "drift-page",
  "fallbacks",
  "fleet-page",
  "keyboard-fallbacks",
  "keyboard-page-access",
  "keyboard-page-keys",
  "keyboard-page-status",
  "keyboard-page-suggestions",
  "keyboard-page-text",
  "keyboard-page-typing",
  "monitor",
  "other-server",
  "policies",
  "rollout-plans",
  "rollouts-page",
  "sign-in-page",
  "stores",
  "tfjs-backends",
].map((name) => `test/browser/${name}.test.ts`);

export default defineConfig({
  test: {
    reporters: [new SkippedReporter(), "default"],
    testTimeout: 60_000,
    projects: [
      {
        test: {
          ...{ name: "unit", include: unit, testTimeout: 60_000 },
          // Vitest would leave a core to whoever watches: on two cores that is half of the time.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...{ name: "pages", include: pages, testTimeout: 240_000, hookTimeout: 120_000 },
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "system",
          include: ["test/**/*.test.ts"],
          exclude: ["test/architecture/**", "**/node_modules/**", ...pages],
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
