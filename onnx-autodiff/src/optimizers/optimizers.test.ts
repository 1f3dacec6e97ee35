import { describe, expect, test } from "vitest";
import { createGraphBuilder } from "../builder/create-graph-builder.js";
import { float32, float64, openGraph, scalarOf, type Feed } from "../testing/run-graph.js";
import { buildTrainingGraphs } from "../training/build-training-graphs.js";
import type { TrainingOptions } from "../training/options.js";

/** One or two steps on loss = p^2 from p = 3, so the gradient is 2 p = 6; learning rate 0.1, anchor 1, mu 0.5. */
async function steps(
  options: Partial<TrainingOptions>,
  numSteps = 1,
): Promise<Readonly<Record<string, number>>> {
  const g = createGraphBuilder({ name: "square" });
  g.initializer("p", float64([1, 1], [3]));
  g.output("y", g.op("Identity", ["p"]));
  const graphs = buildTrainingGraphs(g.build(), { loss: "mean-squared-error", ...options });
  const runner = await openGraph(graphs.train);
  const feeds: Record<string, Feed> = { target: float64([1, 1], [0]), learning_rate: float32([], [0.1]) };
  if (options.proximal === true) {
    Object.assign(feeds, { proximal_mu: float32([], [0.5]), "p.anchor": float64([1, 1], [1]) });
  }
  for (const { name, elementType, shape, data } of [...graphs.parameters, ...graphs.state]) {
    feeds[name] = { elementType, shape, data };
  }
  let results: Readonly<Record<string, Feed>> = {};
  for (let step = 0; step < numSteps; step++) {
    results = await runner.run(feeds);
    for (const { name } of [...graphs.parameters, ...graphs.state])
      feeds[name] = results[`${name}.next`] ?? float64([0], []);
  }
  await runner.close();
  return Object.fromEntries(Object.entries(results).map(([name, feed]) => [name, scalarOf(feed)]));
}

const momentum = { kind: "sgd", momentum: 0.5 } as const;
const gradient = { outputGradients: true };

// The learning rate is a float32, so 0.1 is only good to 2e-9.
const DIGITS = 7;

describe("one step from p = 3 with gradient 6 and rate 0.1", () => {
  test.each<[string, Partial<TrainingOptions>, number]>([
    ["plain: 3 - 0.1 * 6", {}, 2.4],
    ["weight decay 0.5: 3 - 0.1 * (6 + 1.5)", { optimizer: { kind: "sgd", weightDecay: 0.5 } }, 2.25],
    ["proximal: 3 - 0.1 * (6 + 0.5 * (3 - 1))", { proximal: true }, 2.3],
    ["clipped to norm 2: 3 - 0.1 * 2", { clipNorm: 2 }, 2.8],
    ["norm below the clip norm: 3 - 0.1 * 6", { clipNorm: 7 }, 2.4],
    ["proximal, clipped to norm 2: 3 - 0.1 * 2", { proximal: true, clipNorm: 2 }, 2.8],
    [
      "clipped, then weight decay 0.5: 3 - 0.1 * (2 + 1.5)",
      { clipNorm: 2, optimizer: { kind: "sgd", weightDecay: 0.5 } },
      2.65,
    ],
    ["Nesterov: 3 - 0.1 * (6 + 0.5 * 6)", { optimizer: { ...momentum, nesterov: true } }, 2.1],
  ])("%s", async (_, options, wanted) => {
    // Clipping divides by norm + 1e-6, which moves the result by 3e-8 at most.
    expect((await steps(options))["p.next"]).toBeCloseTo(wanted, DIGITS - 1);
    expect((await steps({ ...options, ...gradient }))["p.next"]).toBeCloseTo(wanted, DIGITS - 1);
  });

  test("shows the gradient with the proximal term, before clipping and weight decay", async () => {
    const options: Partial<TrainingOptions> = {
      ...gradient,
      proximal: true,
      clipNorm: 2,
      optimizer: { kind: "sgd", weightDecay: 0.5 },
    };

    expect((await steps(options))["p.grad"]).toBe(7);
  });
});

describe("momentum 0.5 over two steps", () => {
  // v1 = 6, p1 = 2.4; v2 = 0.5 * 6 + 4.8 = 7.8, p2 = 2.4 - 0.78.
  test("keeps half of the velocity", async () => {
    const results = await steps({ optimizer: momentum }, 2);

    expect(results["p.velocity.next"]).toBeCloseTo(7.8, DIGITS);
    expect(results["p.next"]).toBeCloseTo(1.62, DIGITS);
  });
});
