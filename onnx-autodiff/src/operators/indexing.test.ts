import { describe, test } from "vitest";
import type { ModelBuilder } from "../builder/create-graph-builder.js";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

const ints = (g: ModelBuilder, name: string, shape: readonly number[], values: readonly number[]): string =>
  g.initializer(name, { elementType: "int64", shape, data: BigInt64Array.from(values, BigInt) });
const vector = (g: ModelBuilder, name: string, values: readonly number[]): string =>
  ints(g, name, [values.length], values);

describe("the gradient of Gather equals central differences", () => {
  test.each([
    [0, [2, 3], [2, 3, 4, 2]],
    [1, [2, 3], [5, 2, 3, 2]],
    [2, [3], [5, 4, 3]],
    [-1, [], [5, 4]],
  ] as const)(
    "along axis %i with indices of shape %j, some of them equal or negative",
    async (axis, shape, target) => {
      const values = [1, 0, 1, -1, 0, 1].slice(
        0,
        shape.reduce((size: number, dim) => size * dim, 1),
      );
      await expectGradientsMatchDifferences({
        parameters: { p: [5, 4, 2] },
        target,
        build: (g) => g.op("Gather", ["p", ints(g, "indices", shape, values)], { axis }),
      });
    },
  );
});

test("the gradient of GatherElements equals central differences, also where an element is taken twice", async () => {
  await expectGradientsMatchDifferences({
    parameters: { p: [3, 4] },
    target: [3, 2],
    build: (g) => g.op("GatherElements", ["p", ints(g, "indices", [3, 2], [0, 0, 3, 1, 2, -1])], { axis: 1 }),
  });
});

describe("the gradient of Slice equals central differences", () => {
  test.each([
    ["one range", [1], [3], [1], [1], [4, 2, 3]],
    ["two ranges from the end", [-3, 0], [-1, 2], [1, 2], [1, 1], [4, 2, 2]],
    ["every second element", [0], [100], [1], [2], [4, 3, 3]],
    ["backwards", [4, 2], [-100, -100], [1, 2], [-2, -1], [4, 3, 3]],
  ] as const)("for %s", async (_, starts, ends, axes, steps, target) => {
    await expectGradientsMatchDifferences({
      parameters: { p: [4, 5, 3] },
      target,
      build: (g) =>
        g.op("Slice", [
          "p",
          vector(g, "starts", starts),
          vector(g, "ends", ends),
          vector(g, "axes", axes),
          vector(g, "steps", steps),
        ]),
    });
  });

  test("of a batch whose size is known only at run time", async () => {
    await expectGradientsMatchDifferences({
      inputs: { x: { dims: ["N", 3], sizes: [4, 3] } },
      parameters: { p: [3] },
      target: [2, 3],
      build(g) {
        const sum = g.op("Add", ["x", "p"]);
        return g.op("Slice", [
          sum,
          vector(g, "starts", [-2]),
          vector(g, "ends", [1000]),
          vector(g, "axes", [0]),
        ]);
      },
    });
  });
});

describe("the gradient of Split equals central differences", () => {
  test("when all parts are used", async () => {
    await expectGradientsMatchDifferences({
      parameters: { p: [3, 4] },
      target: [3, 2],
      build(g) {
        const [a = "", b = ""] = g.ops("Split", ["p"], { axis: 1 }, 2);
        return g.op("Mul", [a, b]);
      },
    });
  });

  test("when a part is not used, with given sizes", async () => {
    await expectGradientsMatchDifferences({
      parameters: { p: [6, 2] },
      target: [3, 2],
      build: (g) => g.ops("Split", ["p", vector(g, "sizes", [1, 3, 2])], { axis: 0 }, 3)[1] ?? "",
    });
  });
});

describe("the gradient of Concat equals central differences", () => {
  test("for parts of known size", async () => {
    await expectGradientsMatchDifferences({
      parameters: { a: [3, 1], b: [3, 2], c: [3, 3] },
      target: [3, 6],
      build: (g) => g.op("Concat", ["a", "b", "c"], { axis: -1 }),
    });
  });

  test("for a part whose size is known only at run time", async () => {
    await expectGradientsMatchDifferences({
      inputs: { x: { dims: ["N", 3], sizes: [2, 3] } },
      parameters: { p: [3], q: [4, 3] },
      target: [6, 3],
      build: (g) => g.op("Concat", [g.op("Mul", ["x", "p"]), "q"], { axis: 0 }),
    });
  });
});

describe("the gradient of Pad equals central differences", () => {
  test.each(["constant", "reflect", "edge"])("in mode %s", async (mode) => {
    await expectGradientsMatchDifferences({
      parameters: { p: [3, 4] },
      target: [6, 7],
      build: (g) => g.op("Pad", ["p", vector(g, "pads", [1, 2, 2, 1])], { mode }),
    });
  });

  test("when a negative width crops", async () => {
    await expectGradientsMatchDifferences({
      parameters: { p: [3, 4] },
      target: [3, 3],
      build: (g) => g.op("Pad", ["p", vector(g, "pads", [0, -2, 0, 1])]),
    });
  });

  test("with axes, as since opset 18", async () => {
    await expectGradientsMatchDifferences({
      opset: 18,
      parameters: { p: [3, 4] },
      target: [3, 7],
      build: (g) =>
        g.op("Pad", ["p", vector(g, "pads", [1, 2]), "", vector(g, "axes", [1])], { mode: "reflect" }),
    });
  });
});

describe("the gradient of repeating equals central differences", () => {
  test.each([[[4, 3, 2]], [[1, 2]]])("by Expand to %j", async (shape) => {
    await expectGradientsMatchDifferences({
      parameters: { p: [3, 1] },
      target: shape.length === 3 ? [4, 3, 2] : [3, 2],
      build: (g) => g.op("Expand", ["p", vector(g, "shape", shape)]),
    });
  });

  test("by Tile", async () => {
    await expectGradientsMatchDifferences({
      parameters: { p: [2, 3] },
      target: [6, 6],
      build: (g) => g.op("Tile", ["p", vector(g, "repeats", [3, 2])]),
    });
  });
});
