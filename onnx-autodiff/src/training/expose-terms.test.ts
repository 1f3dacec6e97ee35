import { expect, test } from "vitest";
import { logistic } from "../zoo/index.js";
import { float32, int64, numbersOf, openGraph, type Feed } from "../testing/run-graph.js";
import { buildTrainingGraphs } from "./build-training-graphs.js";
import { exposeTerms } from "./expose-terms.js";

const graphs = buildTrainingGraphs(logistic({ inputs: 2, classes: 2, seed: 1 }), {
  loss: "softmax-cross-entropy",
});

/** Weights that make the logits of an example its own two inputs. */
function feeds(): Record<string, Feed> {
  const values = { 4: [1, 0, 0, 1], 2: [0, 0] } as Record<number, number[]>;
  const parameters = graphs.parameters.map(
    ({ name, shape }) =>
      [
        name,
        float32(shape.map(Number), values[shape.reduce<number>((n, d) => n * Number(d), 1)] ?? []),
      ] as const,
  );
  const [input] = graphs.inputs;
  const examples = { [input?.name ?? ""]: float32([3, 2], [0, 0, 0, Math.log(3), Math.log(3), 0]) };
  return { ...Object.fromEntries(parameters), ...examples, [graphs.loss.target.name]: int64([3], [0, 1, 1]) };
}

test("the terms of every example are outputs beside their sums", async () => {
  const exposed = exposeTerms(graphs.eval);
  if (exposed === undefined) throw new Error("the graph hides its terms");
  const runner = await openGraph(exposed.model);

  const outputs = await runner.run(feeds());
  await runner.close();

  const losses = numbersOf(outputs[exposed.loss.name]).map((term) => term * exposed.loss.sign);
  // -log of the target's probability: 1/2, 3/4 and 1/4.
  [Math.log(2), Math.log(4 / 3), Math.log(4)].forEach((loss, i) => expect(losses[i]).toBeCloseTo(loss, 6));
  // Of equal logits the first counts as the largest.
  expect(numbersOf(outputs[exposed.correct ?? ""])).toEqual([1, 1, 0]);
  expect(numbersOf(outputs["loss_sum"])[0]).toBeCloseTo(Math.log(2) + Math.log(4 / 3) + Math.log(4), 5);
});

test("a graph without such sums has no terms to expose", () => {
  expect(exposeTerms(graphs.infer)).toBeUndefined();
});
