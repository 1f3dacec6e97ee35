import { describe, test } from "vitest";
import { expectGradientsMatchDifferences } from "../testing/gradient-check.js";

describe("the gradient of Conv equals central differences", () => {
  test.each([
    ["plainly", [2, 3, 5, 4], [4, 3, 3, 2], {}, [2, 4, 3, 3]],
    [
      "with stride and padding",
      [2, 2, 6, 5],
      [3, 2, 3, 3],
      { strides: [2, 2], pads: [1, 0, 1, 2] },
      [2, 3, 3, 3],
    ],
    ["with a stride that leaves a rest", [1, 2, 7, 6], [2, 2, 2, 3], { strides: [3, 2] }, [1, 2, 2, 2]],
    ["with dilation", [1, 2, 7, 7], [2, 2, 3, 2], { dilations: [2, 3] }, [1, 2, 3, 4]],
    [
      "with dilation and stride",
      [1, 1, 9, 8],
      [1, 1, 2, 3],
      { dilations: [3, 2], strides: [2, 3] },
      [1, 1, 3, 2],
    ],
    ["in two groups", [2, 4, 4, 4], [6, 2, 2, 2], { group: 2 }, [2, 6, 3, 3]],
    [
      "for each channel by itself",
      [2, 3, 5, 5],
      [3, 1, 3, 3],
      { group: 3, strides: [2, 2], pads: [1, 1, 1, 1] },
      [2, 3, 3, 3],
    ],
    [
      "with automatic padding",
      [1, 2, 5, 6],
      [2, 2, 3, 4],
      { auto_pad: "SAME_UPPER", strides: [2, 2] },
      [1, 2, 3, 3],
    ],
    ["in one dimension", [2, 3, 8], [4, 3, 3], { strides: [2], dilations: [2], pads: [1, 2] }, [2, 4, 4]],
  ] as const)("%s", async (_, x, w, attributes, target) => {
    await expectGradientsMatchDifferences({
      elementType: "float32",
      parameters: { x, w, b: [w[0]] },
      target,
      build: (g) => g.op("Conv", ["x", "w", "b"], attributes),
    });
  });

  test("over a batch whose size is known only at run time", async () => {
    await expectGradientsMatchDifferences({
      elementType: "float32",
      inputs: { x: { dims: ["N", 2, 5, 5], sizes: [3, 2, 5, 5] } },
      parameters: { scale: [2, 1, 1], w: [4, 1, 3, 3] },
      target: [3, 4, 2, 2],
      build: (g) => g.op("Conv", [g.op("Mul", ["x", "scale"]), "w"], { group: 2, strides: [2, 2] }),
    });
  });
});

describe("the gradient of ConvTranspose equals central differences", () => {
  test.each([
    ["plainly", [2, 3, 3, 2], [3, 2, 2, 3], {}, [2, 2, 4, 4]],
    [
      "with stride, padding and output padding",
      [1, 2, 3, 3],
      [2, 2, 3, 3],
      { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
      [1, 2, 6, 6],
    ],
    ["in groups, dilated", [2, 4, 3, 3], [4, 2, 2, 2], { group: 2, dilations: [2, 2] }, [2, 4, 5, 5]],
    ["in one dimension", [2, 2, 4], [2, 3, 3], { strides: [2] }, [2, 3, 9]],
  ] as const)("%s", async (_, x, w, attributes, target) => {
    await expectGradientsMatchDifferences({
      elementType: "float32",
      parameters: { x, w, b: [target[1]] },
      target,
      build: (g) => g.op("ConvTranspose", ["x", "w", "b"], attributes),
    });
  });
});

describe("the gradient of MaxPool equals central differences", () => {
  test.each([
    ["without overlap", { kernel_shape: [2, 2], strides: [2, 2] }, [2, 2, 3, 2]],
    ["with overlap and padding", { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }, [2, 2, 3, 3]],
    ["with dilation", { kernel_shape: [2, 2], dilations: [2, 3] }, [2, 2, 4, 2]],
    ["in ceil mode", { kernel_shape: [4, 2], strides: [4, 2], ceil_mode: 1 }, [2, 2, 2, 3]],
  ] as const)("%s", async (_, attributes, target) => {
    await expectGradientsMatchDifferences({
      parameters: { x: [2, 2, 6, 5] },
      target,
      build: (g) => g.op("MaxPool", ["x"], attributes),
    });
  });
});

describe("the gradient of AveragePool equals central differences", () => {
  test.each([
    ["without overlap", { kernel_shape: [2, 2], strides: [2, 2] }, [2, 2, 3, 2]],
    ["leaving padding out", { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }, [2, 2, 3, 3]],
    [
      "counting padding",
      { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 },
      [2, 2, 3, 3],
    ],
    ["with a stride wider than the kernel", { kernel_shape: [2, 1], strides: [3, 2] }, [2, 2, 2, 3]],
    [
      "with automatic padding",
      { kernel_shape: [3, 2], strides: [2, 2], auto_pad: "SAME_LOWER" },
      [2, 2, 3, 3],
    ],
  ] as const)("%s", async (_, attributes, target) => {
    await expectGradientsMatchDifferences({
      elementType: "float32",
      parameters: { x: [2, 2, 6, 5] },
      target,
      build: (g) => g.op("AveragePool", ["x"], attributes),
    });
  });

  test.each([0, 1])("in ceil mode, count_include_pad %i", async (counted) => {
    await expectGradientsMatchDifferences({
      elementType: "float32",
      parameters: { x: [1, 2, 6] },
      target: [1, 2, 3],
      build: (g) =>
        g.op("AveragePool", ["x"], {
          kernel_shape: [3],
          strides: [3],
          pads: [1, 0],
          ceil_mode: 1,
          count_include_pad: counted,
        }),
    });
  });
});

describe("gradients of pooling whole channels equal central differences", () => {
  test.each(["GlobalAveragePool", "GlobalMaxPool"])("%s", async (type) => {
    await expectGradientsMatchDifferences({
      elementType: "float32",
      parameters: { x: [2, 3, 4, 2] },
      target: [2, 3, 1, 1],
      build: (g) => g.op(type, ["x"]),
    });
  });

  test("GlobalAveragePool of a size known only at run time", async () => {
    await expectGradientsMatchDifferences({
      elementType: "float32",
      inputs: { x: { dims: ["N", 3, "H", "W"], sizes: [2, 3, 4, 2] } },
      parameters: { scale: [3, 1, 1] },
      target: [2, 3, 1, 1],
      build: (g) => g.op("GlobalAveragePool", [g.op("Mul", ["x", "scale"])]),
    });
  });
});
