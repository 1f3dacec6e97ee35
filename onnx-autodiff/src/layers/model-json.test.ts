import { describe, expect, test } from "vitest";
import { readLayersModel, weightPathsOf } from "./model-json.js";

const utf8 = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const weight = (fields: object = {}) => ({ name: "w", shape: [3], dtype: "float32", ...fields });
const file = (weights: readonly object[], paths: readonly unknown[] = ["weights.bin"]) =>
  utf8({ format: "layers-model", modelTopology: {}, weightsManifest: [{ paths, weights }] });
const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

describe("a model.json and its weight files", () => {
  test("give the weights one after the other, across the borders of files", () => {
    const json = file([weight({ shape: [2] }), weight({ name: "v", shape: [1, 2] })], ["a.bin", "b.bin"]);
    const all = bytesOf(Float32Array.of(1, 2, 3, 4));
    const files = new Map([
      ["a.bin", all.subarray(0, 6)],
      ["b.bin", all.subarray(6)],
    ]);

    expect(weightPathsOf(json)).toEqual(["a.bin", "b.bin"]);
    expect(readLayersModel(json, files).weights).toEqual([
      { name: "w", shape: [2], data: Float32Array.of(1, 2) },
      { name: "v", shape: [1, 2], data: Float32Array.of(3, 4) },
    ]);
  });

  test.each<[string, object, ArrayBufferView, readonly number[]]>([
    // scale * q + min
    ["uint8", { dtype: "uint8", scale: 0.5, min: -1 }, Uint8Array.of(0, 2, 255), [-1, 0, 126.5]],
    ["uint16", { dtype: "uint16", scale: 0.5, min: -1 }, Uint16Array.of(0, 2, 65_535), [-1, 0, 32_766.5]],
    // IEEE 754: the least subnormal is 2^-24.
    ["float16", { dtype: "float16" }, Uint16Array.of(0xbc00, 0x57e4, 0x0001), [-1, 126.25, 2 ** -24]],
  ])("give float32 for weights that were quantized to %s", (_, quantization, stored, expected) => {
    const files = new Map([["weights.bin", bytesOf(stored)]]);
    const { weights } = readLayersModel(file([weight({ quantization })]), files);

    expect([...(weights[0]?.data ?? [])]).toEqual(expected);
  });

  test.each<[string, Uint8Array]>([
    ["no JSON", new Uint8Array([0xff, 0xfe])],
    ["JSON that is no model", utf8({})],
    ["a graph model", utf8({ format: "graph-model", modelTopology: {}, weightsManifest: [] })],
    ["a group without files", utf8({ modelTopology: {}, weightsManifest: [{ weights: [] }] })],
    ["a weight without a name", file([weight({ name: "" })])],
    ["a weight with a negative size", file([weight({ shape: [-1] })])],
    ["a weight of 2^40 numbers", file([weight({ shape: [2 ** 20, 2 ** 20] })])],
    ["a weight of more numbers than can be counted", file([weight({ shape: [2 ** 40, 2 ** 40] })])],
    ["a weight of whole numbers", file([weight({ dtype: "int32" })])],
    ["a weight of text", file([weight({ dtype: "string" })])],
    ["a quantized weight without a scale", file([weight({ quantization: { dtype: "uint8" } })])],
    ["a weight longer than its file", file([weight({ shape: [4] })])],
    ["a file that is missing", file([weight()], ["other.bin"])],
    ...["../w.bin", "/etc/passwd", "a/../../w.bin", "http://example.com/w.bin", "C:\\w.bin", "", 7].map(
      (path): [string, Uint8Array] => [`the path ${JSON.stringify(path)}`, file([weight()], [path])],
    ),
  ])("are refused for %s", (_, json) => {
    const files = new Map([["weights.bin", new Uint8Array(12)]]);

    expect(() => readLayersModel(json, files)).toThrow(expect.objectContaining({ code: "ONNX_MALFORMED" }));
  });
});
