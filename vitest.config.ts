import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/longest-first.js";
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

/** What is judged by the second in which it happens: it wants the machine. */
const alone = [
  "browser/device",
  "browser/killed-tab",
  "browser/worker-deaths",
  "electron/device-process",
  "electron/launch",
  "electron/renderer",
].map((name) => `test/${name}.test.ts`);

export default defineConfig({
  test: {
    reporters: [new SkippedReporter(), "default"],
    testTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...{ name: "unit", include: unit, testTimeout: 60_000, hookTimeout: 60_000 },
          // Vitest would leave a core to whoever watches: on two cores that is half of the time.
          maxWorkers: 2,
          // Modules keep no state: files that share a process load each but once.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...{ name: "pairs", testTimeout: 240_000, hookTimeout: 120_000 },
          include: ["test/**/*.test.ts"],
          exclude: ["**/node_modules/**", ...unit, ...alone],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...{ name: "alone", include: alone, testTimeout: 240_000, hookTimeout: 120_000 },
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
