import { describe, expect, test } from "vitest";
import { ERROR_CODES, errorCodeOf, FedgeError, fromWireError, hasErrorCode, toWireError } from "./errors.js";

test("no code is listed twice", () => {
  expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length);
});

test("an error keeps its code, message, details and cause", () => {
  const cause = new Error("disk");
  const error = new FedgeError("STORAGE_FULL", "no room; free some", { cause, details: { freeBytes: 0 } });

  expect(error).toMatchObject({ code: "STORAGE_FULL", message: "no room; free some", cause });
  expect(error.details).toEqual({ freeBytes: 0 });
});

test("an error without a cause has no cause field", () => {
  expect("cause" in new FedgeError("CLOSED", "closed")).toBe(false);
});

describe("crossing a boundary", () => {
  test("code, message and details arrive; the cause does not", () => {
    const error = new FedgeError("TRAINING_FAILED", "loss is NaN", { cause: 1, details: { step: 3 } });

    const arrived = fromWireError(
      JSON.parse(JSON.stringify(toWireError(error))) as ReturnType<typeof toWireError>,
    );

    expect(arrived).toMatchObject({ code: "TRAINING_FAILED", message: "loss is NaN", details: { step: 3 } });
    expect(arrived.cause).toBeUndefined();
  });

  test.each([
    ["an error of someone else", new TypeError("x is undefined"), "x is undefined"],
    ["text", "boom", "boom"],
    ["undefined", undefined, "undefined"],
  ])("%s becomes INTERNAL with its message", (_, thrown, message) => {
    expect(toWireError(thrown)).toEqual({ code: "INTERNAL", message, details: {} });
  });

  test("a copy without its class still has its code", () => {
    expect(errorCodeOf({ code: "CLOSED", message: "closed" })).toBe("CLOSED");
  });
});

test.each([null, undefined, "CLOSED", 7, {}, { code: "ENOENT" }, { code: 7 }, { code: "__proto__" }])(
  "%j carries no code of ours",
  (value) => {
    expect(hasErrorCode(value)).toBe(false);
  },
);
