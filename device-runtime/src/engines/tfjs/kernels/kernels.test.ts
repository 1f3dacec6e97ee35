import type { NamedAttrMap, NamedTensorMap, Tensor } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { loadTfjsRuntime, NODE_BACKENDS } from "../../../node/tfjs-runtime.js";
import type { TfjsCore } from "../runtime.js";
import { registerTrainingKernels } from "./register-training-kernels.js";

/*
 * Every kernel against the kernel of tfjs's JavaScript backend, which is another implementation by other people.
 * 1e-5 of the largest value: both add float32 products, in another order.
 */
const RELATIVE_TOLERANCE = 1e-5;

let tf: TfjsCore;
beforeAll(async () => {
  await loadTfjsRuntime(NODE_BACKENDS.filter(({ kind }) => kind === "cpu"));
  const { runtime } = await loadTfjsRuntime(NODE_BACKENDS.filter(({ kind }) => kind === "wasm"));
  tf = runtime.core;
  registerTrainingKernels(tf);
});

type Inputs = Record<string, { readonly shape: readonly number[]; readonly integersBelow?: number }>;

/** Fixed values without ties, so that a pooling window has one maximum. */
function values(length: number): Float32Array {
  return Float32Array.from({ length }, (_, at) => ((at * 7919 + 13) % 10007) / 5003 - 1);
}

function tensorOf({ shape, integersBelow }: Inputs[string]): Tensor {
  const length = shape.reduce((product, size) => product * size, 1);
  if (integersBelow === undefined) return tf.tensor(values(length), [...shape], "float32");
  const ids = Int32Array.from({ length }, (_, at) => ((at * 7919) % (integersBelow + 2)) - 1);
  return tf.tensor(ids, [...shape], "int32");
}

async function runOn(
  backend: string,
  kernelName: string,
  inputs: Inputs,
  attrs: object,
): Promise<Float32Array> {
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const tensors = Object.entries(inputs).map(([name, spec]) => [name, tensorOf(spec)]);
    const named = Object.fromEntries(tensors) as NamedTensorMap;
    const output = tf.engine().runKernel(kernelName, named, attrs as NamedAttrMap) as Tensor;
    return output.dataSync() as Float32Array;
  });
}

async function expectAsOnCpu(kernelName: string, inputs: Inputs, attrs: object): Promise<void> {
  const expected = await runOn("cpu", kernelName, inputs, attrs);
  const got = await runOn("wasm", kernelName, inputs, attrs);

  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const apart = expected.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - (got[at] as number))),
    0,
  );
  expect(got).toHaveLength(expected.length);
  expect(largest).toBeGreaterThan(0);
  expect(apart / largest).toBeLessThanOrEqual(RELATIVE_TOLERANCE);
}

const explicit: [[number, number], [number, number], [number, number], [number, number]] = [
  [0, 0],
  [2, 1],
  [0, 3],
  [0, 0],
];

// [input, filter, strides, padding]
type FourSizes = [number, number, number, number];
type Convolution = [FourSizes, FourSizes, [number, number], "valid" | "same" | typeof explicit];

const convolutions: readonly Convolution[] = [
  [[2, 7, 6, 3], [3, 2, 3, 4], [1, 1], "valid"],
  [[2, 7, 6, 3], [3, 3, 3, 4], [1, 1], "same"],
  [[2, 7, 6, 3], [3, 3, 3, 4], [2, 2], "same"],
  [[2, 8, 9, 2], [2, 3, 2, 5], [3, 2], "valid"],
  [[3, 5, 5, 4], [1, 1, 4, 6], [1, 1], "valid"],
  [[3, 6, 6, 4], [1, 1, 4, 6], [2, 2], "same"],
  [[2, 7, 6, 3], [3, 2, 3, 4], [2, 1], explicit],
  [[4, 1, 12, 3], [1, 5, 3, 2], [1, 2], "same"],
];

function outputShape([input, filter, strides, pad]: Convolution, isDepthwise: boolean): number[] {
  const { computeConv2DInfo } = tf.backend_util;
  return computeConv2DInfo(input, filter, strides, 1, pad, undefined, isDepthwise).outShape;
}

describe.each(convolutions)("of a convolution of %j by %j, strides %j, padding %j", (...convolution) => {
  const [input, filter, strides, pad] = convolution;
  const attrs = { strides: [...strides], pad, dataFormat: "NHWC" };

  test("the filter's gradient is that of the JavaScript backend", async () => {
    const inputs = { x: { shape: input }, dy: { shape: outputShape(convolution, false) } };

    await expectAsOnCpu("Conv2DBackpropFilter", inputs, { ...attrs, filterShape: filter });
  });

  test("the input's gradient is that of the JavaScript backend", async () => {
    const inputs = { dy: { shape: outputShape(convolution, false) }, filter: { shape: filter } };

    await expectAsOnCpu("Conv2DBackpropInput", inputs, { ...attrs, inputShape: input });
  });

  test("the depthwise filter's gradient is that of the JavaScript backend", async () => {
    const inputs = { x: { shape: input }, dy: { shape: outputShape(convolution, true) } };

    const attributes = { ...attrs, dilations: [1, 1], filterShape: filter };
    await expectAsOnCpu("DepthwiseConv2dNativeBackpropFilter", inputs, attributes);
  });

  test("the depthwise input's gradient is that of the JavaScript backend", async () => {
    const inputs = { dy: { shape: outputShape(convolution, true) }, filter: { shape: filter } };

    const attributes = { ...attrs, dilations: [1, 1], inputShape: input };
    await expectAsOnCpu("DepthwiseConv2dNativeBackpropInput", inputs, attributes);
  });
});

describe("a dilated depthwise convolution", () => {
  // The same convolution has a 5 x 3 filter with zeros between its 3 x 2 elements.
  test("has the filter's gradient of the filter with zeros in between", async () => {
    const inputs = { x: { shape: [2, 8, 8, 2] }, dy: { shape: [2, 4, 6, 4] } };
    const attrs = { strides: [1, 1], pad: "valid", dilations: [2, 2], filterShape: [3, 2, 2, 2] };
    const widened = { ...attrs, dilations: [1, 1], filterShape: [5, 3, 2, 2] };

    const got = await runOn("wasm", "DepthwiseConv2dNativeBackpropFilter", inputs, attrs);

    const whole = await runOn("cpu", "DepthwiseConv2dNativeBackpropFilter", inputs, widened);
    const taps = [0, 2, 6, 8, 12, 14].flatMap((tap) => [...whole.subarray(tap * 4, tap * 4 + 4)]);
    taps.forEach((value, at) => expect(got[at]).toBeCloseTo(value, 4));
  });
});

describe.each([
  [[2, 8, 8, 3], [2, 2], [2, 2], "valid"],
  [[2, 7, 9, 3], [2, 3], [3, 1], "same"],
  [[2, 7, 9, 3], [3, 3], [2, 2], "same"],
  [[2, 9, 1, 4], [2, 1], [1, 1], "valid"],
] as const)("of a pooling of %j by %j, strides %j, padding %j", (input, filterSize, strides, pad) => {
  const poolInputs = (): Inputs => {
    const geometry = tf.backend_util.computePool2DInfo([...input], [...filterSize], [...strides], 1, pad);
    return {
      dy: { shape: geometry.outShape },
      input: { shape: input },
      output: { shape: geometry.outShape },
    };
  };
  const attrs = { filterSize, strides, pad };

  test("the gradient of the maximum is that of the JavaScript backend", async () => {
    await expectAsOnCpu("MaxPoolGrad", poolInputs(), attrs);
  });

  test("the gradient of the average is that of the JavaScript backend", async () => {
    await expectAsOnCpu("AvgPoolGrad", poolInputs(), attrs);
  });
});

test("the first of equal maxima gets the gradient", async () => {
  await tf.setBackend("wasm");

  const gradient = tf.tidy(() =>
    tf
      .grad((x) => tf.maxPool(x as never, 2, 2, "valid"))(tf.ones([1, 2, 2, 1]))
      .dataSync(),
  );

  expect([...gradient]).toEqual([1, 0, 0, 0]);
});

describe("sums of segments", () => {
  test.each([
    [[6, 4], [6], 3],
    [[20, 3], [20], 7],
    [[9], [9], 4],
    [[5, 2, 3], [5], 2],
  ])(
    "of %j by ids of shape %j are those of the JavaScript backend, ids out of range left out",
    async (x, ids, count) => {
      const inputs = { x: { shape: x }, segmentIds: { shape: ids, integersBelow: count } };

      await expectAsOnCpu("UnsortedSegmentSum", inputs, { numSegments: count });
    },
  );

  test("of integers are integers", async () => {
    await tf.setBackend("wasm");

    const sums = tf.tidy(() =>
      tf.unsortedSegmentSum(tf.tensor1d([1, 2, 4], "int32"), tf.tensor1d([1, 1, 0], "int32"), 2).dataSync(),
    );

    expect(sums).toEqual(Int32Array.of(4, 3));
  });
});

describe.each([
  [false, false],
  [true, false],
  [false, true],
  [true, true],
])("a product with transposed %j and %j", (transposeA, transposeB) => {
  test.each([[[]], [[1]], [[3]], [[2, 2]]])(
    "of stacks %j is that of the JavaScript backend",
    async (outer) => {
      const a = { shape: [...outer, ...(transposeA ? [5, 4] : [4, 5])] };
      const b = { shape: [...outer, ...(transposeB ? [6, 5] : [5, 6])] };

      await expectAsOnCpu("BatchMatMul", { a, b }, { transposeA, transposeB });
    },
  );
});

test.each([
  [
    "LRNGrad",
    { x: { shape: [2, 3, 3, 5] }, y: { shape: [2, 3, 3, 5] }, dy: { shape: [2, 3, 3, 5] } },
    { depthRadius: 2, bias: 1, alpha: 0.5, beta: 0.75 },
  ],
  ["EluGrad", { dy: { shape: [4, 5] }, y: { shape: [4, 5] } }, {}],
])("%s, which the WASM backend has, is that of the JavaScript backend", async (kernelName, inputs, attrs) => {
  await expectAsOnCpu(kernelName, inputs, attrs);
});

test("registering twice changes nothing", () => {
  const before = tf.getKernelsForBackend("wasm");

  registerTrainingKernels(tf);

  expect(new Set(tf.getKernelsForBackend("wasm"))).toEqual(new Set(before));
});
