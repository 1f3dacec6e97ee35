import type { NamedTensor, TensorShape } from "@fedge/protocol";
import { expect, test } from "vitest";
import { movedBy } from "./moved-by.js";

const tensor = (name: string, values: readonly number[]): NamedTensor => {
  return { name, elementType: "float32", shape: [values.length], data: Float32Array.from(values) };
};

test("moves each parameter by its part of the update, in the manifest's order, and leaves state alone", () => {
  const checkpoint = [tensor("bias", [1]), tensor("step", [7]), tensor("kernel", [10, 20])];
  const parameters: TensorShape[] = [
    { name: "kernel", elementType: "float32", shape: [2] },
    { name: "bias", elementType: "float32", shape: [1] },
  ];

  const moved = movedBy(checkpoint, Float32Array.of(0.5, -0.5, 4), parameters);

  expect(moved.map(({ name, data }) => [name, [...data]])).toEqual([
    ["bias", [5]],
    ["step", [7]],
    ["kernel", [10.5, 19.5]],
  ]);
});
