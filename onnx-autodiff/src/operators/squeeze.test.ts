import { test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

test("the gradient of Squeeze equals central differences", async () => {
  await expectGradientsMatchDifferences({
    parameters: { p: [2, 1, 3] },
    target: [2, 3],
    build(g) {
      const axes = g.initializer("axes", { elementType: "int64", shape: [1], data: BigInt64Array.of(1n) });
      return g.op("Exp", [g.op("Squeeze", ["p", axes])]);
    },
  });
});
