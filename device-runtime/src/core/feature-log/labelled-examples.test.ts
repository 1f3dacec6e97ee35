import { describe, expect, test } from "vitest";
import { ofClasses, toExamples } from "./labelled-examples.js";
import type { LogRow } from "./log-row.js";

const row = (values: readonly number[], labels: readonly bigint[], more: Partial<LogRow> = {}): LogRow => ({
  ...{
    id: "",
    atMs: 0,
    model: "m",
    version: 1,
    outputs: null,
    fields: {},
    labelledAtMs: 1,
    explanation: null,
  },
  inputs: { x: { shape: [labels.length, values.length / labels.length], data: Float32Array.from(values) } },
  label: { shape: [labels.length], data: BigInt64Array.from(labels) },
  ...more,
});

describe("labelled predictions as examples", () => {
  test("are one below the other, however many rows each prediction had", () => {
    expect(toExamples([row([1, 2], [7n]), row([3, 4, 5, 6], [8n, 9n])], 10)).toEqual({
      numExamples: 3,
      inputs: { x: { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) } },
      target: { shape: [3], data: BigInt64Array.of(7n, 8n, 9n) },
      mayMove: true,
    });
  });

  test("are no more than are wanted, the newest first", () => {
    const { numExamples, target } = toExamples([row([1], [1n]), row([2], [2n]), row([3], [3n])], 2);

    expect([numExamples, target.data]).toEqual([2, BigInt64Array.of(1n, 2n)]);
  });

  test("leave out rows of another shape than the newest, as of an older version", () => {
    const rows = [row([1, 2], [1n]), row([3], [2n]), row([4, 5], [3n])];

    expect(toExamples(rows, 10).target.data).toEqual(BigInt64Array.of(1n, 3n));
  });

  test("leave out rows with other inputs or another type of label", () => {
    const other = { x: { shape: [1, 1], data: Int32Array.of(2) } };
    const rows = [
      row([1], [1n]),
      row([2], [2n], { inputs: other }),
      row([3], [3n], { label: { shape: [1], data: Float32Array.of(3) } }),
    ];

    expect(toExamples(rows, 10).numExamples).toBe(1);
  });

  test("leave out rows whose label is no class of the model", () => {
    const rows = [row([1], [99_999n]), row([2], [2n]), row([3], [-1n])];

    expect(toExamples(ofClasses(rows, 3), 10).target.data).toEqual(BigInt64Array.of(2n));
    expect(ofClasses(rows, null)).toEqual(rows);
  });

  test("are refused when there is none", () => {
    expect(() => toExamples([], 10)).toThrow(expect.objectContaining({ code: "TRAINING_FAILED" }));
  });
});
