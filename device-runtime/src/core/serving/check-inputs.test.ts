import type { PortShape } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { toInputs, type ModelInputs } from "./check-inputs.js";

const PORTS: readonly PortShape[] = [{ name: "pixels", elementType: "float32", shape: [null, 2] }];

describe("inputs of an app", () => {
  test("become the tensors that the model takes", () => {
    expect(toInputs(PORTS, { pixels: [1, 2, 3, 4] })).toEqual({
      pixels: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
    });
  });

  test.each<[string, unknown, RegExp]>([
    ["null", null, /"pixels" is missing/],
    ["nothing", undefined, /"pixels" is missing/],
    ["a number", 5, /"pixels" is missing/],
    ["an object without the input", {}, /"pixels" is missing/],
    ["another name", { pixel: [1, 2] }, /"pixel" is not an input; the model takes pixels/],
    ["null for an input", { pixels: null }, /"pixels" takes float32 values; value 0 is none/],
    ["a tensor without values", { pixels: { shape: [1, 2], data: null } }, /"pixels" must be a Float32Array/],
    [
      "a tensor of another shape",
      { pixels: { shape: [2], data: Float32Array.of(1, 2) } },
      /"pixels" has shape/,
    ],
  ])("that are %s are refused with the input's name", (_, given, message) => {
    expect(() => toInputs(PORTS, given as ModelInputs)).toThrow(
      expect.objectContaining({
        code: "MODEL_INPUT_INVALID",
        message: expect.stringMatching(message) as string,
      }),
    );
  });
});
