import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeField, encodeVarintField, readFields } from "./protobuf.js";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe("readFields", () => {
  test("splits the message of the encoding guide: field 1 = 150, field 2 = 'testing'", () => {
    // protobuf.dev, "Encoding": 08 96 01 and 12 07 74 65 73 74 69 6e 67.
    const fields = readFields(bytes(0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67));

    expect(fields.map(({ number, body }) => [number, new TextDecoder().decode(body)])).toEqual([
      [1, ""],
      [2, "testing"],
    ]);
    expect(fields[0]?.bytes).toEqual(bytes(0x08, 0x96, 0x01));
  });

  test("passes over numbers of fixed size", () => {
    const fields = readFields(bytes(0x0d, 1, 2, 3, 4, 0x11, 1, 2, 3, 4, 5, 6, 7, 8));

    expect(fields.map(({ number, bytes: all }) => [number, all.length])).toEqual([
      [1, 5],
      [2, 9],
    ]);
  });

  test.each([
    ["a length beyond the end", bytes(0x0a, 0x05, 1)],
    ["a number without its end", bytes(0x08, 0x80)],
    ["a number of eleven bytes", bytes(0x08, ...Array<number>(10).fill(0x80), 1)],
    ["a group, which ONNX does not use", bytes(0x0b)],
    ["a fixed number cut short", bytes(0x0d, 1, 2)],
  ])("refuses %s", (_, message) => {
    expect(() => readFields(message)).toThrow(expect.objectContaining({ code: "ENGINE_FAILED" }));
  });

  test("gives the fields' bytes back whole, or refuses, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (message) => {
        try {
          const parts = readFields(message).flatMap((field) => [...field.bytes]);
          return Buffer.from(parts).equals(Buffer.from(message));
        } catch (error) {
          return (error as { code?: string }).code === "ENGINE_FAILED";
        }
      }),
    );
  });
});

test("what the writer writes the reader reads", () => {
  const message = Buffer.concat([encodeVarintField(1, 300), encodeField(5, bytes(7, 8))]);

  expect([...message.subarray(0, 3)]).toEqual([0x08, 0xac, 0x02]);
  expect(readFields(message).at(1)?.body).toEqual(Buffer.from([7, 8]));
});
