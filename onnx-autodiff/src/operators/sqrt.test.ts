import { test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

test("the gradient of Sqrt equals central differences", async () => {
  await expectGradientsMatchDifferences({
    parameters: { p: [3, 4] },
    range: [0.5, 2],
    target: [3, 4],
    build: (g) => g.op("Sqrt", ["p"]),
  });
});
