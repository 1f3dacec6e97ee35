import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { MAX_TENSORS } from "../limits.js";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "./safetensors.js";

const golden = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/golden/${name}`, import.meta.url)));

const CHECKPOINT: readonly NamedTensor[] = [
  {
    name: "dense.weight",
    elementType: "float32",
    shape: [2, 3],
    data: Float32Array.of(1.5, -2, 0.25, 3, 0, -0.125),
  },
  { name: "dense.bias", elementType: "float32", shape: [3], data: Float32Array.of(0.5, -0.5, 1) },
  { name: "2", elementType: "int64", shape: [], data: BigInt64Array.of(-9007199254740993n) },
  { name: "norm.mean", elementType: "float64", shape: [1], data: Float64Array.of(0.1) },
  { name: "lookup", elementType: "int32", shape: [2], data: Int32Array.of(-1, 2147483647) },
  { name: "mask", elementType: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) },
  { name: "empty", elementType: "uint8", shape: [0, 4], data: new Uint8Array() },
];

/** A file of any header text: length, text, data. */
function fileOf(header: string, dataBytes = 0): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

const entry = (start: number, end: number, shape = `[${(end - start) / 4}]`, dtype = "F32"): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${start},${end}]}`;

describe("encoding a checkpoint", () => {
  test("gives the bytes of an independent writer, whatever the order of the metadata", () => {
    expect(encodeSafetensors(CHECKPOINT, { model: "digits", format: "fedge" })).toEqual(
      golden("checkpoint.safetensors"),
    );
  });

  test("begins the data at a multiple of 8", () => {
    for (const name of ["a", "ab", "abc", "abcd", "abcde", "größer"]) {
      const file = encodeSafetensors([
        { name, elementType: "float64", shape: [1], data: Float64Array.of(1) },
      ]);
      expect((file.length - 8) % 8).toBe(0);
    }
  });

  const one = CHECKPOINT[1] as NamedTensor;
  const refused: [string, NamedTensor[]][] = [
    ["two tensors of one name", [one, one]],
    ["the reserved name", [{ ...one, name: "__metadata__" }]],
    ["an empty name", [{ ...one, name: "" }]],
    ["a shape that takes other bytes", [{ ...one, shape: [4] }]],
    ["data of another element type", [{ ...one, data: Int32Array.of(1, 2, 3) }]],
    ["too many tensors", Array.from({ length: MAX_TENSORS + 1 }, (_, at) => ({ ...one, name: `t${at}` }))],
  ];
  test.each(refused)("refuses %s", (_, tensors) => {
    expect(() => encodeSafetensors(tensors)).toThrow(expect.objectContaining({ code: "TENSORS_MALFORMED" }));
  });

  test("refuses a header that no reader would accept", () => {
    const metadata = { note: "x".repeat(1024 * 1024) };

    expect(() => encodeSafetensors([], metadata)).toThrow(
      expect.objectContaining({ code: "TENSORS_MALFORMED" }),
    );
  });
});

describe("decoding a checkpoint", () => {
  test("gives the tensors and metadata of the golden file", () => {
    expect(decodeSafetensors(golden("checkpoint.safetensors"))).toEqual({
      tensors: CHECKPOINT,
      metadata: { format: "fedge", model: "digits" },
    });
  });

  test("reads what the format allows and our encoder does not write", () => {
    const { tensors, metadata } = decodeSafetensors(golden("foreign.safetensors"));

    expect(metadata).toEqual({ format: "pt" });
    expect(tensors).toEqual([
      {
        name: "a.weight",
        elementType: "float32",
        shape: [3, 2],
        data: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25),
      },
      { name: "b.bias", elementType: "int64", shape: [2], data: BigInt64Array.of(7n, -8n) },
    ]);
  });

  test("gives views of aligned data and does not copy it", () => {
    const file = golden("checkpoint.safetensors");

    expect(decodeSafetensors(file).tensors[0]?.data.buffer).toBe(file.buffer);
  });

  test("reads a Node Buffer at an odd offset", () => {
    const file = golden("checkpoint.safetensors");
    const padded = Buffer.concat([Uint8Array.of(0), file]);
    const shifted = Buffer.from(padded.buffer, padded.byteOffset + 1, file.length);

    expect(decodeSafetensors(shifted).tensors).toEqual(CHECKPOINT);
  });

  test("keeps a tensor named like a prototype key", () => {
    const file = fileOf(`{"__proto__":${entry(0, 4)}}`, 4);

    expect(decodeSafetensors(file).tensors.map(({ name }) => name)).toEqual(["__proto__"]);
  });

  const malformed: [string, Uint8Array][] = [
    ["an empty file", new Uint8Array()],
    ["a file shorter than its header length", new Uint8Array(7)],
    ["a header longer than the file", Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d)],
    ["a header of 2^63 bytes", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80, 0x7b, 0x7d)],
    ["a header above 1 MiB", fileOf(`{}${" ".repeat(1024 * 1024)}`)],
    ["a header that is no JSON", fileOf("{")],
    ["a header that is no object", fileOf("[]")],
    ["a header that begins with a space", fileOf(" {}")],
    ["a header that is not UTF-8", Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d)],
    ["a name twice", fileOf(`{"a":${entry(0, 4)},"a":${entry(0, 4)}}`, 4)],
    ["a name twice, once escaped", fileOf(`{"a":${entry(0, 4)},"\\u0061":${entry(0, 4)}}`, 4)],
    ["an empty name", fileOf(`{"":${entry(0, 4)}}`, 4)],
    ["a name of 513 characters", fileOf(`{"${"n".repeat(513)}":${entry(0, 4)}}`, 4)],
    ["an unknown dtype", fileOf(`{"a":${entry(0, 4, "[1]", "F8_E4M3")}}`, 4)],
    ["a negative size", fileOf(`{"a":${entry(0, 4, "[-1]")}}`, 4)],
    ["a fractional size", fileOf(`{"a":${entry(0, 4, "[0.5]")}}`, 4)],
    ["a size above 2^31 - 1 hidden by a zero", fileOf(`{"a":${entry(0, 0, "[4294967296,0]")}}`)],
    ["more than 16 axes", fileOf(`{"a":${entry(0, 4, `[${Array(17).fill(1)}]`)}}`, 4)],
    ["a shape that takes other bytes", fileOf(`{"a":${entry(0, 8, "[3]")}}`, 8)],
    ["offsets that are no pair", fileOf(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0]}}`)],
    ["offsets in descending order", fileOf(`{"a":${entry(4, 0, "[]")}}`, 4)],
    ["a hole before the first tensor", fileOf(`{"a":${entry(4, 8)}}`, 8)],
    ["a hole between tensors", fileOf(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12)],
    ["overlapping tensors", fileOf(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12)],
    ["data that no tensor names", fileOf(`{"a":${entry(0, 4)}}`, 8)],
    ["data cut short", fileOf(`{"a":${entry(0, 8)}}`, 4)],
    ["metadata that is not text", fileOf(`{"__metadata__":{"step":1}}`)],
    ["metadata that is no object", fileOf(`{"__metadata__":null}`)],
    [
      "too many tensors",
      fileOf(`{${Array.from({ length: MAX_TENSORS + 1 }, (_, at) => `"t${at}":${entry(0, 0)}`).join(",")}}`),
    ],
  ];
  test.each(malformed)("refuses %s", (_, file) => {
    expect(() => decodeSafetensors(file)).toThrow(expect.objectContaining({ code: "TENSORS_MALFORMED" }));
  });

  test("counts names, not colons inside of names, when it looks for a name twice", () => {
    const file = fileOf(`{"a:\\"b:{":${entry(0, 4)},"c\\\\":${entry(4, 8)}}`, 8);

    expect(decodeSafetensors(file).tensors.map(({ name }) => name)).toEqual(['a:"b:{', "c\\"]);
  });
});
