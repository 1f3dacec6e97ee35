import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { LossKind, TargetFormat } from "../losses/loss.js";
import { float32, int64, numbersOf, openGraph, scalarOf, type Feed } from "../testing/run-graph.js";
import { buildTrainingGraphs, type TrainingGraphs } from "./build-training-graphs.js";

/** What `fixtures/make_fixtures.py` recorded of PyTorch. */
interface Fixture {
  readonly loss: LossKind;
  readonly target: TargetFormat;
  readonly clip: number | null;
  readonly proximal: number | null;
  readonly sgd: {
    readonly lr: number;
    readonly momentum?: number;
    readonly nesterov?: boolean;
    readonly weight_decay?: number;
  };
  readonly x: { readonly shape: readonly number[]; readonly data: readonly number[] };
  readonly t: {
    readonly shape: readonly number[];
    readonly data: readonly number[];
    readonly integer: boolean;
  };
  readonly losses: readonly number[];
  readonly anchors: Readonly<Record<string, readonly number[]>>;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}

const NAMES = [
  "mlp-sgd",
  "mlp-momentum",
  "mlp-heavy-ball",
  "mlp-nesterov",
  "mlp-clipped",
  "mlp-proximal",
  "branches-binary",
  "softmax-output",
  "one-hot",
];

function readFixture(name: string): { readonly model: Uint8Array; readonly fixture: Fixture } {
  const path = (ending: string): URL => new URL(`../../fixtures/${name}.${ending}`, import.meta.url);
  return {
    model: new Uint8Array(readFileSync(path("onnx"))),
    fixture: JSON.parse(readFileSync(path("json"), "utf8")) as Fixture,
  };
}

function buildFor(
  { model, fixture }: ReturnType<typeof readFixture>,
  outputGradients: boolean,
): TrainingGraphs {
  const { momentum = 0, nesterov = false, weight_decay: weightDecay = 0 } = fixture.sgd;
  return buildTrainingGraphs(model, {
    loss: { kind: fixture.loss, target: fixture.target },
    optimizer: { kind: "sgd", momentum, nesterov, weightDecay },
    proximal: fixture.proximal !== null,
    outputGradients,
    ...(fixture.clip === null ? {} : { clipNorm: fixture.clip }),
  });
}

function firstFeeds(graphs: TrainingGraphs, fixture: Fixture): Record<string, Feed> {
  const { x, t } = fixture;
  const feeds: Record<string, Feed> = {
    input: float32(x.shape, x.data),
    target: t.integer ? int64(t.shape, t.data) : float32(t.shape, t.data),
    learning_rate: float32([], [fixture.sgd.lr]),
  };
  for (const { name, elementType, shape, data } of [...graphs.parameters, ...graphs.state]) {
    feeds[name] = { elementType, shape, data };
  }
  if (fixture.proximal !== null) {
    feeds["proximal_mu"] = float32([], [fixture.proximal]);
    for (const { name, shape } of graphs.parameters)
      feeds[`${name}.anchor`] = float32(shape, fixture.anchors[name] ?? []);
  }
  return feeds;
}

/** Largest difference relative to the largest wanted number. */
function relativeError(actual: readonly number[], wanted: readonly number[]): number {
  expect(actual.length).toBe(wanted.length);
  const largest = Math.max(...wanted.map(Math.abs));
  return Math.max(...actual.map((value, index) => Math.abs(value - (wanted[index] ?? NaN)))) / largest;
}

// float32 carries about 6e-8 per operation; 1e-5 and 1e-4 leave room for sums in another order.
describe.each(NAMES)("the model %s exported by torch.onnx.export", (name) => {
  test.each([false, true])(
    "has PyTorch's losses and weights in five steps (gradients as outputs: %s)",
    async (shown) => {
      const source = readFixture(name);
      const graphs = buildFor(source, shown);
      const runner = await openGraph(graphs.train);
      const feeds = firstFeeds(graphs, source.fixture);
      const losses: number[] = [];

      for (let step = 0; step < source.fixture.losses.length; step++) {
        const results = await runner.run(feeds);
        losses.push(scalarOf(results["loss"]));
        for (const { name: tensor } of [...graphs.parameters, ...graphs.state]) {
          feeds[tensor] = results[`${tensor}.next`] ?? float32([0], []);
        }
      }
      await runner.close();

      losses.forEach((loss, step) => {
        expect(Math.abs(loss / (source.fixture.losses[step] ?? NaN) - 1)).toBeLessThan(1e-5);
      });
      expect(graphs.parameters.map((parameter) => parameter.name).sort()).toEqual(
        Object.keys(source.fixture.parameters).sort(),
      );
      for (const [tensor, wanted] of Object.entries(source.fixture.parameters)) {
        expect(relativeError(numbersOf(feeds[tensor]), wanted)).toBeLessThan(1e-5);
      }
    },
  );

  test("has PyTorch's gradients in the first step", async () => {
    const source = readFixture(name);
    const graphs = buildFor(source, true);
    const runner = await openGraph(graphs.train);
    const results = await runner.run(firstFeeds(graphs, source.fixture));
    await runner.close();

    for (const [tensor, wanted] of Object.entries(source.fixture.gradients)) {
      expect(relativeError(numbersOf(results[`${tensor}.grad`]), wanted)).toBeLessThan(1e-4);
    }
  });
});
