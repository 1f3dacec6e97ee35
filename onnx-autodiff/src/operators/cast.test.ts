import { expect, test } from "vitest";
import { createGraphBuilder } from "../builder/create-graph-builder.js";
import { float32, numbersOf, openGraph } from "../testing/run-graph.js";
import { buildTrainingGraphs } from "../training/build-training-graphs.js";

// mean((2 p - 0)^2) over two elements has the gradient 4 p: 4 and -8.
test("a gradient passes a cast to float64 and returns in the parameter's own type", async () => {
  const g = createGraphBuilder({ name: "cast" });
  g.initializer("p", { elementType: "float32", shape: [1, 2], data: Float32Array.of(1, -2) });
  const two = g.initializer("two", { elementType: "float64", shape: [], data: Float64Array.of(2) });
  g.output("y", g.op("Mul", [g.op("Cast", ["p"], { to: 11 }), two]));
  const graphs = buildTrainingGraphs(g.build(), {
    loss: "mean-squared-error",
    trainable: "p",
    outputGradients: true,
  });
  const runner = await openGraph(graphs.train);

  const results = await runner.run({
    p: float32([1, 2], [1, -2]),
    target: { elementType: "float64", shape: [1, 2], data: new Float64Array(2) },
    learning_rate: float32([], [0.5]),
  });
  await runner.close();

  expect(results["p.grad"]?.elementType).toBe("float32");
  expect(numbersOf(results["p.grad"])).toEqual([4, -8]);
  expect(numbersOf(results["p.next"])).toEqual([-1, 2]);
});
