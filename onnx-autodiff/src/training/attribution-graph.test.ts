import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createGraphBuilder } from "../builder/create-graph-builder.js";
import { float32, numbersOf, openGraph } from "../testing/run-graph.js";
import { buildAttributionGraph } from "./attribution-graph.js";
import { buildTrainingGraphs } from "./build-training-graphs.js";

interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** What `fixtures/make_attributions.py` recorded of torch.autograd.grad. */
interface Fixture {
  readonly inputs: Readonly<Record<string, Values>>;
  readonly attributions: Readonly<Record<string, Values>>;
}

function readFixture(name: string): { readonly model: Uint8Array; readonly fixture: Fixture } {
  const path = (ending: string): URL =>
    new URL(`../../fixtures/attribution-${name}.${ending}`, import.meta.url);
  return {
    model: new Uint8Array(readFileSync(path("onnx"))),
    fixture: JSON.parse(readFileSync(path("json"), "utf8")) as Fixture,
  };
}

/** The graph's arithmetic is that of float32; the fixture's, of float64. */
const TOLERANCE = 1e-5;

describe("gradient times input", () => {
  test.each(["classifier", "image", "blended"])(
    "of the %s is what torch.autograd.grad gives",
    async (name) => {
      const { model, fixture } = readFixture(name);
      const runner = await openGraph(buildAttributionGraph(model));
      const feeds = Object.entries(fixture.inputs).map(([key, { shape, data }]) => [
        key,
        float32(shape, data),
      ]);
      const outputs = await runner.run(Object.fromEntries(feeds) as never);
      await runner.close();

      expect(Object.keys(outputs)).toEqual(Object.keys(fixture.inputs).map((each) => `${each}.attribution`));
      for (const [key, { shape, data }] of Object.entries(fixture.attributions)) {
        const found = outputs[`${key}.attribution`];
        const largest = Math.max(...data.map(Math.abs));
        expect(found?.shape).toEqual(shape);
        numbersOf(found).forEach((value, at) =>
          expect(Math.abs(value - (data[at] ?? NaN))).toBeLessThanOrEqual(TOLERANCE * largest),
        );
      }
    },
  );

  test("takes the parameters as the infer graph does", async () => {
    const { model, fixture } = readFixture("classifier");
    const { parameters, statistics } = buildTrainingGraphs(model, { loss: "softmax-cross-entropy" });
    const names = [...parameters.map(({ name }) => name), ...statistics];
    const runner = await openGraph(buildAttributionGraph(model, { parameters: names }));
    const { shape, data } = fixture.inputs["input"] as Values;
    const weights = parameters.map((spec) => [spec.name, float32(spec.shape, numbersOf(spec))]);
    const outputs = await runner.run({
      input: float32(shape, data),
      ...Object.fromEntries(weights),
    } as never);
    await runner.close();

    const expected = fixture.attributions["input"]?.data ?? [];
    const largest = Math.max(...expected.map(Math.abs));
    numbersOf(outputs["input.attribution"]).forEach((value, at) =>
      expect(Math.abs(value - (expected[at] ?? NaN))).toBeLessThanOrEqual(TOLERANCE * largest),
    );
  });

  test("of a linear model is weight times input, of the row's answer alone", async () => {
    const builder = createGraphBuilder({ name: "linear" });
    const x = builder.input("x", "float32", ["batch", 2]);
    const weights = builder.initializer("weights", {
      ...{ elementType: "float32", shape: [2, 2], data: Float32Array.of(1, -2, 3, 5) },
    });
    builder.output("y", builder.op("MatMul", [x, weights]));
    const runner = await openGraph(buildAttributionGraph(builder.build()));
    // Rows of [1, 10] and [4, -1] give [31, 48] and [1, -13]: the second answer, and the first.
    const outputs = await runner.run({ x: float32([2, 2], [1, 10, 4, -1]) });
    await runner.close();

    expect(numbersOf(outputs["x.attribution"])).toEqual([-2, 50, 4, -3]);
  });
});

describe("what cannot be explained is refused", () => {
  test("a model that takes only tokens", () => {
    const builder = createGraphBuilder({ name: "tokens" });
    const table = builder.initializer("table", {
      ...{ elementType: "float32", shape: [3, 2], data: new Float32Array(6) },
    });
    builder.output("y", builder.op("Gather", [table, builder.input("tokens", "int64", ["batch"])]));

    expect(() => buildAttributionGraph(builder.build())).toThrow(
      expect.objectContaining({
        code: "ONNX_INVALID_GRAPH",
        message: expect.stringContaining("only whole numbers"),
      }),
    );
  });

  test("an output that the model has not got", () => {
    const { model } = readFixture("classifier");

    expect(() => buildAttributionGraph(model, { output: "other" })).toThrow(
      expect.objectContaining({ code: "ONNX_OPTION_INVALID" }),
    );
  });
});
