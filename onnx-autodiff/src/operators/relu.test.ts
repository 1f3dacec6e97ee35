import { test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

test("the gradient of Relu equals central differences", async () => {
  await expectGradientsMatchDifferences({
    parameters: { p: [3, 4] },
    range: [-1, 1],
    target: [3, 4],
    build: (g) => g.op("Relu", ["p"]),
  });
});
