import { expect, test } from "vitest";
import { measureFoldRate } from "./aggregate/fold-rate.js";
import type { measurePeakBytes } from "./aggregate/peak-memory.js";
import { measureRelativeError } from "./aggregate/relative-error.js";

test.each(["float32", "int8"] as const)(
  "the rates of %s updates are measured side by side",
  async (encoding) => {
    const rates = await measureFoldRate({ encoding, numParameters: 1000, numUpdates: 3, numRepeats: 3 });

    const numpy = rates.numpy === null ? [] : [rates.numpy.weightedSum, rates.numpy.inPlace];
    for (const rate of [rates.copy, rates.fold, ...numpy]) {
      expect(rate).toBeGreaterThan(0);
      expect(rate).toBeLessThan(Infinity);
    }
  },
);

test("the error of one update of weight one is only its rounding to fixed point", () => {
  // Uniform values of 0.02 have a root mean square of 0.0058; a step of 2^-33 is 2e-8 of it, its half 1e-8 at most.
  expect(measureRelativeError({ numParameters: 1000, numUpdates: 1 })).toBeLessThan(1.1e-8);
});

test("the peak memory of a process is larger for a larger model", async () => {
  // The process that is measured loads the compiled fold, so this is about the build.
  const built = new URL("../../dist/bench/aggregate/peak-memory.js", import.meta.url).href;
  const module = (await import(built)) as { measurePeakBytes: typeof measurePeakBytes };

  const small = await module.measurePeakBytes({ numParameters: 1000, numUpdates: 1 });
  const large = await module.measurePeakBytes({ numParameters: 1_000_000, numUpdates: 1 });

  // 4 MB of update outside of the fold, 12 MB within; how much else a process takes varies less than half of it.
  expect(large - small).toBeGreaterThan(8_000_000);
});
