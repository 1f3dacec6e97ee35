import { encodeSafetensors } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { decodeLogRow, encodeLogRow, numExamplesOf, type LogRow } from "./log-row.js";

const ID = "0000rs0kg-0000-a";
const row: LogRow = {
  id: ID,
  atMs: Number.parseInt("0000rs0kg", 36),
  model: "next-word",
  version: 3,
  inputs: {
    tokens: { shape: [1, 3], data: BigInt64Array.of(1n, -2n, 2n ** 62n) },
    mask: { shape: [1], data: Uint8Array.of(1) },
  },
  outputs: { scores: { shape: [1, 2], data: Float32Array.of(0.25, Number.NaN) } },
  fields: { action: "accepted", place: 2, "is late": true, note: null },
  label: { shape: [1], data: Int32Array.of(-7) },
  labelledAtMs: 99,
  explanation: { mask: { shape: [1], data: Float32Array.of(-0.5) } },
};

describe("a row of the feature log", () => {
  test("is read as it was written", () => {
    expect(decodeLogRow(ID, encodeLogRow(row))).toEqual(row);
  });

  test("may have no outputs, no label and no explanation", () => {
    const bare = { ...row, outputs: null, fields: {}, label: null, labelledAtMs: null, explanation: null };

    expect(decodeLogRow(ID, encodeLogRow(bare))).toEqual(bare);
  });

  test("of a device that did not explain yet is read as one without explanation", () => {
    const x = { name: "inputs/x", elementType: "float32", shape: [1], data: Float32Array.of(2) } as const;
    const head = { model: "m", version: 1, hasOutputs: false, fields: {}, labelledAtMs: null };
    const bytes = encodeSafetensors([x], { row: JSON.stringify(head) });

    expect(decodeLogRow(ID, bytes)).toMatchObject({ inputs: { x: { shape: [1] } }, explanation: null });
  });

  test("may have what a shadow made of it", () => {
    const beside = { ...row, shadow: { version: 4, classes: [2, -1] } };

    expect(decodeLogRow(ID, encodeLogRow(beside))).toEqual(beside);
  });

  test.each([
    ["of a broken class", { version: 4, classes: ["2"] }],
    ["of more rows than are remembered", { version: 4, classes: Array(65).fill(0) }],
  ])("with a shadow %s is refused", (_, shadow) => {
    const bytes = encodeLogRow({ ...row, shadow } as LogRow);

    expect(() => decodeLogRow(ID, bytes)).toThrow(expect.objectContaining({ code: "STORAGE_FAILED" }));
  });

  test.each([
    ["empty", new Uint8Array()],
    ["cut off", encodeLogRow(row).subarray(0, 40)],
    ["of something else", new TextEncoder().encode("hello world, this is no row")],
  ])("that is %s is refused", (_, bytes) => {
    expect(() => decodeLogRow(ID, bytes)).toThrow(expect.objectContaining({ code: "STORAGE_FAILED" }));
  });

  test.each([
    [null, 0],
    [{ shape: [], data: Float32Array.of(1) }, 1],
    [{ shape: [3], data: new Float32Array(3) }, 3],
    [{ shape: [2, 5], data: new Float32Array(10) }, 2],
  ])("labelled with %j is so many examples: %d", (label, numExamples) => {
    expect(numExamplesOf({ label })).toBe(numExamples);
  });
});
