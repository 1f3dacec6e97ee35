import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createGraphBuilder } from "../builder/create-graph-builder.js";
import { describeModel } from "../model/describe-model.js";
import { codeOf } from "../testing/error-code.js";
import { buildTrainingGraphs } from "../training/build-training-graphs.js";
import { logistic } from "../zoo/logistic.js";
import { dataConstructorOf, dataTypeOf, type ElementType } from "./element-type.js";
import { decodeModel, encodeModel } from "./model.js";
import { decodeTensor, encodeTensor, type Tensor } from "./tensor.js";

const MODEL = logistic({ inputs: 3, classes: 2 });

/** A model with shape arithmetic, attributes of several kinds and a typed-field tensor, for mutations. */
function variedModel(): Uint8Array {
  const g = createGraphBuilder({ name: "varied" });
  g.input("x", "float32", ["N", 2, 3]);
  const zero = g.initializer("zero", { elementType: "int64", shape: [1], data: BigInt64Array.of(0n) });
  const rest = g.initializer("rest", { elementType: "int64", shape: [1], data: BigInt64Array.of(-1n) });
  const weight = g.initializer("weight", {
    elementType: "float32",
    shape: [6, 2],
    data: new Float32Array(12),
  });
  const shape = g.op("Concat", [g.op("Gather", [g.op("Shape", ["x"]), zero]), rest], { axis: 0 });
  const flat = g.op("Reshape", [g.op("Transpose", ["x"], { perm: [0, 2, 1] }), shape]);
  g.output("logits", g.op("Softmax", [g.op("Gemm", [flat, weight])], { axis: -1 }));
  return g.build();
}

function mutate(bytes: Uint8Array, edits: readonly (readonly [number, number])[]): Uint8Array {
  const mutated = bytes.slice();
  for (const [position, value] of edits) mutated[position % mutated.length] = value;
  return mutated;
}

const ELEMENT_TYPES: readonly ElementType[] = [
  "float32",
  "float64",
  "int64",
  "int32",
  "uint8",
  "bool",
  "float16",
];

const anyTensor = fc
  .record({
    elementType: fc.constantFrom(...ELEMENT_TYPES),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    byte: fc.nat(255),
  })
  .map(({ elementType, shape, byte }): Tensor => {
    const construct = dataConstructorOf(elementType) ?? Uint8Array;
    const size = shape.reduce((product, dim) => product * dim, 1);
    const buffer = new Uint8Array(size * construct.BYTES_PER_ELEMENT).fill(byte).buffer;
    return { elementType, shape, data: new construct(buffer, 0, size) };
  });

describe("an ONNX model", () => {
  test("is the same after decoding and encoding", () => {
    expect(encodeModel(decodeModel(MODEL))).toEqual(MODEL);
  });

  test("keeps fields that the decoder does not know", () => {
    // Field 999, wire type 2, three bytes, behind a valid model.
    const extended = Uint8Array.of(...MODEL, 0xba, 0x3e, 3, 1, 2, 3);

    expect(encodeModel(decodeModel(extended))).toEqual(extended);
  });

  test("gives back every tensor put into it", () => {
    fc.assert(
      fc.property(anyTensor, (tensor) => {
        const model = decodeModel(MODEL);
        const initializers = [encodeTensor("tensor", tensor)];
        const bytes = encodeModel({ ...model, graph: { ...model.graph, initializers } });

        const [first] = decodeModel(bytes).graph.initializers;

        expect(first && decodeTensor(first)).toEqual(tensor);
      }),
    );
  });

  test.each(ELEMENT_TYPES)("reads %s from the typed field as from raw bytes", (elementType) => {
    const isBig = elementType === "int64";
    const fields = {
      floatData: elementType === "float32" ? [1, 0] : [],
      doubleData: elementType === "float64" ? [1, 0] : [],
      int64Data: isBig ? [1n, 0n] : [],
      int32Data: elementType.startsWith("float") && elementType !== "float16" ? [] : [1, 0],
    };
    const empty = encodeTensor("t", { elementType: "float32", shape: [0], data: new Float32Array(0) });

    const { data } = decodeTensor({
      ...empty,
      ...fields,
      dims: [2],
      dataType: dataTypeOf(elementType),
      rawData: undefined,
    });

    expect(Array.from(data, Number)).toEqual([1, 0]);
  });
});

describe("bytes that are no valid model", () => {
  test("every truncation is refused with an ONNX error", () => {
    for (let length = 0; length < MODEL.length; length++) {
      expect(codeOf(() => describeModel(MODEL.subarray(0, length)))).toMatch(
        /^ONNX_(MALFORMED|INVALID_GRAPH)$/,
      );
    }
  });

  test.each([
    ["a varint of eleven bytes", [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["a varint of more than 64 bits", [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]],
    ["a length beyond the end", [0x3a, 0x7f, 0x00]],
    ["a length of 2^62", [0x3a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]],
    ["a group", [0x0b]],
    ["field number 0", [0x02, 0x00]],
    ["text that is not UTF-8", [0x12, 0x01, 0xff]],
    ["nothing", []],
  ])("%s is malformed", (_, bytes) => {
    expect(codeOf(() => decodeModel(Uint8Array.from(bytes)))).toBe("ONNX_MALFORMED");
  });

  test.each([
    [[2 ** 40], "ONNX_LIMIT_EXCEEDED"],
    [[2 ** 20, 2 ** 20], "ONNX_LIMIT_EXCEEDED"],
    [[-1], "ONNX_MALFORMED"],
    [[3], "ONNX_MALFORMED"],
  ])("a tensor of shape %j with two elements is refused with %s", (dims, code) => {
    const model = decodeModel(MODEL);
    const tensor = encodeTensor("weight", { elementType: "float32", shape: [2], data: new Float32Array(2) });
    const bytes = encodeModel({ ...model, graph: { ...model.graph, initializers: [{ ...tensor, dims }] } });

    expect(codeOf(() => decodeModel(bytes).graph.initializers.map(decodeTensor))).toBe(code);
  });

  test("a tensor in another file is refused", () => {
    const tensor = encodeTensor("weight", { elementType: "float32", shape: [2], data: new Float32Array(2) });

    expect(codeOf(() => decodeTensor({ ...tensor, dataLocation: 1 }))).toBe("ONNX_INVALID_GRAPH");
  });

  test("messages nested 65 deep are refused", () => {
    // GraphProto in AttributeProto in NodeProto in GraphProto …, from the inside out.
    const wrap = (inner: readonly number[], tag: number): number[] => {
      const size = inner.length < 128 ? [inner.length] : [(inner.length & 0x7f) | 0x80, inner.length >> 7];
      return [tag, ...size, ...inner];
    };
    let bytes: number[] = [];
    for (let level = 0; level < 22; level++) bytes = wrap(wrap(wrap(bytes, 0x32), 0x2a), 0x0a);

    expect(codeOf(() => decodeModel(Uint8Array.from(wrap(bytes, 0x3a))))).toBe("ONNX_LIMIT_EXCEEDED");
  });

  test("any change of up to eight bytes gives a model or a Fedge error, never another error", () => {
    const edit = fc.tuple(fc.nat(1 << 20), fc.nat(255));
    const edits = fc.array(edit, { minLength: 1, maxLength: 8 });
    const seeds = fc.constantFrom(MODEL, variedModel());
    fc.assert(
      fc.property(seeds, edits, (model, changes) => {
        const bytes = mutate(model, changes);
        const code = codeOf(() => {
          describeModel(bytes);
          buildTrainingGraphs(bytes, { loss: "softmax-cross-entropy" });
        });
        expect(code ?? "ONNX_").toMatch(/^ONNX_/);
      }),
      { numRuns: 3000 },
    );
  });
});
