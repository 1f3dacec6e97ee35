import { describe, expect, test } from "vitest";
import type { TensorShape } from "../manifest.js";
import type { NamedTensor } from "./safetensors.js";
import { flattenTensors, unflattenTensors } from "./tensors.js";

const WEIGHT: TensorShape = { name: "weight", elementType: "float32", shape: [2, 2] };
const BIAS: TensorShape = { name: "bias", elementType: "float32", shape: [2] };
const SCALAR: TensorShape = { name: "scale", elementType: "float32", shape: [] };
const SPECS = [WEIGHT, BIAS, SCALAR];

const tensor = (spec: TensorShape, ...values: number[]): NamedTensor => ({
  ...spec,
  data: Float32Array.from(values),
});
const TENSORS = [tensor(SCALAR, 7), tensor(BIAS, 5, 6), tensor(WEIGHT, 1, 2, 3, 4)];
const FLAT = Float32Array.of(1, 2, 3, 4, 5, 6, 7);

describe("flattening", () => {
  test("puts the tensors in the order of the specs", () => {
    expect(flattenTensors(SPECS, TENSORS)).toEqual(FLAT);
  });

  test("takes a map by name as well", () => {
    expect(flattenTensors(SPECS, new Map(TENSORS.map((each) => [each.name, each])))).toEqual(FLAT);
  });

  test("leaves out what no spec names", () => {
    expect(flattenTensors([BIAS], TENSORS)).toEqual(Float32Array.of(5, 6));
  });

  const refused: [string, TensorShape[], NamedTensor[]][] = [
    ["a missing tensor", [WEIGHT], [tensor(BIAS, 5, 6)]],
    ["another shape of as many values", [WEIGHT], [{ ...tensor(WEIGHT, 1, 2, 3, 4), shape: [4] }]],
    ["another number of axes", [BIAS], [{ ...tensor(BIAS, 5, 6), shape: [2, 1] }]],
    ["fewer values than the shape takes", [BIAS], [tensor(BIAS, 5)]],
    [
      "another element type",
      [BIAS],
      [{ name: "bias", elementType: "int32", shape: [2], data: Int32Array.of(5, 6) }],
    ],
    ["a tensor that only claims to be float32", [BIAS], [{ ...BIAS, data: Int32Array.of(5, 6) }]],
    ["a spec that is not float32", [{ ...BIAS, elementType: "int32" }], [tensor(BIAS, 5, 6)]],
    ["a huge spec, without allocating it", [{ ...BIAS, shape: [2 ** 31 - 1, 2 ** 31 - 1] }], TENSORS],
  ];
  test.each(refused)("refuses %s", (_, specs, tensors) => {
    expect(() => flattenTensors(specs, tensors)).toThrow(
      expect.objectContaining({ code: "TENSORS_MALFORMED" }),
    );
  });
});

describe("unflattening", () => {
  test("is the inverse of flattening", () => {
    expect(unflattenTensors(SPECS, FLAT)).toEqual([TENSORS[2], TENSORS[1], TENSORS[0]]);
  });

  test("gives views of the vector", () => {
    const flat = FLAT.slice();

    const [weight] = unflattenTensors(SPECS, flat);
    flat[0] = 9;

    expect(weight?.data[0]).toBe(9);
  });

  test.each([6, 8])("refuses a vector of %d values for specs of 7", (length) => {
    expect(() => unflattenTensors(SPECS, new Float32Array(length))).toThrow(
      expect.objectContaining({ code: "TENSORS_MALFORMED" }),
    );
  });

  test("refuses a spec that is not float32", () => {
    expect(() => unflattenTensors([{ ...BIAS, elementType: "int32" }], new Float32Array(2))).toThrow(
      expect.objectContaining({ code: "TENSORS_MALFORMED" }),
    );
  });
});
