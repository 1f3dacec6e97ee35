import { test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

test("the gradient of Where equals central differences on both branches", async () => {
  await expectGradientsMatchDifferences({
    parameters: { p: [2, 3], q: [3] },
    inputs: { x: { dims: ["N", 3], sizes: [2, 3] } },
    target: [2, 3],
    build(g) {
      const zero = g.initializer("zero", { elementType: "float64", shape: [], data: Float64Array.of(0) });
      return g.op("Where", [g.op("Greater", ["x", zero]), "p", "q"]);
    },
  });
});
