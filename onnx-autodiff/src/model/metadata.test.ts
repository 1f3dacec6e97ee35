import { expect, test } from "vitest";
import { decodeModel, encodeModel } from "../onnx/model.js";
import { logistic } from "../zoo/logistic.js";
import { readMetadata, withMetadata } from "./metadata.js";

const model = logistic({ inputs: 2, classes: 2 });

test("a model keeps the notes that it is given, and its graph", () => {
  const notes = new Map([
    ["author", "Ada"],
    ["licence", "für alle"],
  ]);
  const noted = withMetadata(model, notes);

  expect(readMetadata(noted)).toEqual(notes);
  expect(withMetadata(noted, new Map())).toEqual(model);
});

test("a model without notes has none", () => {
  expect(readMetadata(model)).toEqual(new Map());
});

test("a key that is there twice says nothing that can be relied on", () => {
  const entry = { key: "author", value: "Ada", unknownFields: [] };
  const twice = encodeModel({ ...decodeModel(model), metadata: [entry, entry] });

  expect(() => readMetadata(twice)).toThrow(expect.objectContaining({ code: "ONNX_INVALID_GRAPH" }));
});
