import type { Report } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { TaskConfig } from "../tasks/task-config.js";
import { checkNorms, checkReport } from "./update-check.js";

const numParameters = 1000;
const expected = {
  config: {
    training: { minExamples: 2, maxExamples: 600 },
    update: { encoding: "int8", maxNorm: 10 },
  } as TaskConfig,
  baseVersion: 4,
  numParameters,
};

// 1000 codes, and four scales of four bytes.
const report = {
  attempt: 1,
  baseVersion: 4,
  numExamples: 600,
  update: { encoding: "int8", sizeBytes: 1016 },
} as Report;

const withSize = (sizeBytes: number): Report => ({ ...report, update: { ...report.update, sizeBytes } });

test("a report of what the round asked for is accepted", () => {
  expect(() => checkReport(report, expected)).not.toThrow();
});

test.each([
  { code: "UPDATE_WRONG_BASE_VERSION", changed: { ...report, baseVersion: 3 } },
  { code: "UPDATE_MALFORMED", changed: { ...report, attempt: 2 } },
  { code: "UPDATE_EXAMPLES_INVALID", changed: { ...report, numExamples: 1 } },
  { code: "UPDATE_EXAMPLES_INVALID", changed: { ...report, numExamples: 601 } },
  {
    code: "UPDATE_MALFORMED",
    changed: { ...report, update: { ...report.update, encoding: "float32" } } as Report,
  },
  { code: "UPDATE_TRUNCATED", changed: withSize(1015) },
  { code: "UPDATE_SHAPE_MISMATCH", changed: withSize(1017) },
  { code: "UPDATE_TOO_LARGE", changed: withSize(1525) },
])("a report is refused as $code", ({ code, changed }) => {
  expect(() => checkReport(changed, expected)).toThrowError(expect.objectContaining({ code }));
});

describe("the numbers of an update", () => {
  test("may reach the largest norm", () => {
    expect(() => checkNorms({ isFinite: true, l2Norm: 10 }, 10)).not.toThrow();
  });

  test("may not exceed it", () => {
    expect(() => checkNorms({ isFinite: true, l2Norm: 10.001 }, 10)).toThrowError(
      expect.objectContaining({ code: "UPDATE_NORM_EXCEEDED" }),
    );
  });

  test("must be finite", () => {
    expect(() => checkNorms({ isFinite: false, l2Norm: Infinity }, 10)).toThrowError(
      expect.objectContaining({ code: "UPDATE_NOT_FINITE" }),
    );
  });
});
