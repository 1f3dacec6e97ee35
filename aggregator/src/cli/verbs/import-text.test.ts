import { buildTrainingGraphs, describeModel } from "@fedge/onnx-autodiff";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import { expect, test } from "vitest";
import { describeImport, importText } from "./import-text.js";

const onnx = logistic({ inputs: 4, classes: 3, seed: 1 });
const summary = describeImport(
  describeModel(onnx),
  buildTrainingGraphs(onnx, { loss: "softmax-cross-entropy" }),
);

test.each([
  ["that devices can explain its predictions", null, /^explanations +gradient times input$/m],
  ["why devices cannot explain its predictions", "only tokens", /^explanations +none: only tokens$/m],
])("an import says %s", (_, unexplained, line) => {
  expect(importText({ ...summary, unexplained })).toMatch(line);
});

test("a model that was only described is not said to be explained or not", () => {
  expect(importText(summary)).not.toContain("explanations");
});
