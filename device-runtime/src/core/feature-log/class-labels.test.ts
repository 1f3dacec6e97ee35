import type { PortShape } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { TensorValue } from "../ports/engine.js";
import { numClassesOf, wrongClassIn } from "./class-labels.js";

const port = (name: string, elementType: PortShape["elementType"], shape: PortShape["shape"]): PortShape => ({
  ...{ name, elementType, shape },
});
const target = port("label", "int64", [null]);
const logits = port("logits", "float32", [null, 10]);

describe("the classes of a model", () => {
  test("are the last axis of its output", () => {
    expect(numClassesOf({ loss: "softmax-cross-entropy", target, outputs: [logits] })).toBe(10);
  });

  test("are those of every step for a model that labels each", () => {
    const steps = {
      target: port("label", "int64", [null, 20]),
      outputs: [port("o", "float32", [null, 20, 90])],
    };

    expect(numClassesOf({ loss: "softmax-cross-entropy", ...steps })).toBe(90);
  });

  test("are those of the output that the target fits", () => {
    const outputs = [port("state", "float32", [null, 2, 7]), logits];

    expect(numClassesOf({ loss: "softmax-cross-entropy", target, outputs })).toBe(10);
  });

  test.each([
    ["a regression", { loss: "mean-squared-error", target, outputs: [logits] }],
    [
      "one-hot targets",
      { loss: "softmax-cross-entropy", target: port("t", "float32", [null, 10]), outputs: [logits] },
    ],
    [
      "an open number of classes",
      { loss: "softmax-cross-entropy", target, outputs: [port("o", "float32", [null, null])] },
    ],
    ["a model without a target", { loss: "softmax-cross-entropy", outputs: [logits] }],
  ])("are not known of %s", (_, manifest) => {
    expect(numClassesOf(manifest)).toBeNull();
  });
});

test.each<[string, TensorValue, bigint | null]>([
  ["0 and 9", { shape: [2], data: BigInt64Array.of(0n, 9n) }, null],
  ["3 and 10", { shape: [2], data: BigInt64Array.of(3n, 10n) }, 10n],
  ["-1", { shape: [1], data: BigInt64Array.of(-1n) }, -1n],
  ["4 and padding for one example", { shape: [1, 2], data: BigInt64Array.of(4n, -100n) }, null],
  ["4 and 99 for one example", { shape: [1, 2], data: BigInt64Array.of(4n, 99n) }, 99n],
])("of ten classes, the first wrong one among %s", (_, label, wrong) => {
  expect(wrongClassIn(label, 10)).toBe(wrong);
});
