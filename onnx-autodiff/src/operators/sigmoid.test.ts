import { test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

test("the gradient of Sigmoid equals central differences", async () => {
  await expectGradientsMatchDifferences({
    parameters: { p: [3, 4] },
    range: [-3, 3],
    target: [3, 4],
    build: (g) => g.op("Sigmoid", ["p"]),
  });
});
