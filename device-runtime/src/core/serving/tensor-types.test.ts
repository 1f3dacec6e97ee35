import type { PortShape } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { toTensor, type TensorLike } from "./tensor-types.js";

const port = (elementType: PortShape["elementType"], ...shape: (number | null)[]): PortShape => ({
  name: "tokens",
  elementType,
  shape,
});

describe("values alone become the tensor that the model takes", () => {
  test.each<[string, PortShape, TensorLike, object]>([
    ["numbers", port("float32", null, 2), [1, 2, 3, 4], { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
    ["one number", port("float32", null), 5, { shape: [1], data: Float32Array.of(5) }],
    ["a number for no axes", port("float64"), 5, { shape: [], data: Float64Array.of(5) }],
    ["numbers as int64", port("int64", null, 2), [1, 2], { shape: [1, 2], data: BigInt64Array.of(1n, 2n) }],
    ["bigints", port("int64", null), [-1n], { shape: [1], data: BigInt64Array.of(-1n) }],
    ["bigints as int32", port("int32", null), [7n], { shape: [1], data: Int32Array.of(7) }],
    [
      "an array of the type",
      port("uint8", 3),
      Uint8Array.of(1, 2, 3),
      { shape: [3], data: Uint8Array.of(1, 2, 3) },
    ],
    [
      "a whole tensor",
      port("float32", null, null),
      { shape: [1, 2], data: Float32Array.of(1, 2) },
      { shape: [1, 2], data: Float32Array.of(1, 2) },
    ],
    [
      "another type's array",
      port("float32", null),
      Float64Array.of(0.5),
      { shape: [1], data: Float32Array.of(0.5) },
    ],
  ])("%s", (_, wanted, given, tensor) => {
    expect(toTensor(wanted, given, "MODEL_INPUT_INVALID")).toEqual(tensor);
  });
});

describe("refused, with what would fit, is", () => {
  test.each<[string, PortShape, unknown]>([
    ["a count that does not fill the rows", port("float32", null, 2), [1, 2, 3]],
    ["another count than the model takes", port("float32", 4), [1, 2, 3]],
    ["two numbers for none", port("float32"), [1, 2]],
    ["a fraction for an integer", port("int64", null), [1.5]],
    ["NaN for an integer", port("int32", null), [Number.NaN]],
    ["an integer out of range", port("uint8", null), [256]],
    ["a text", port("float32", null), ["one"]],
    ["nothing", port("float32", null), [undefined]],
    ["null", port("float32", null), null],
    ["undefined", port("float32", null), undefined],
    ["a text alone", port("float32", null), "one"],
    ["an object without values", port("float32", null), {}],
    ["a tensor whose shape is a number", port("float32", null), { shape: 1, data: Float32Array.of(1) }],
    ["bytes of no type", port("uint8", null), new DataView(new ArrayBuffer(3))],
    ["values where two axes are open", port("float32", null, null), [1, 2]],
  ])("%s", (_, wanted, given) => {
    expect(() => toTensor(wanted, given as TensorLike, "LABEL_INVALID")).toThrow(
      expect.objectContaining({
        code: "LABEL_INVALID",
        message: expect.stringContaining('"tokens"') as string,
      }),
    );
  });
});
