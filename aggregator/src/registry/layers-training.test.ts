import { expect, test } from "vitest";
import type { ModelImport } from "../service.js";
import { layersTrainAlike } from "./layers-training.js";

type Training = ModelImport["training"];

test.each<Training>([
  { loss: "softmax-cross-entropy" },
  { loss: { kind: "huber", delta: 1 } },
  { loss: "mean-squared-error", optimizer: { kind: "sgd", momentum: 0, weightDecay: 0 }, proximal: true },
])("plain SGD on a plain loss is what the layers engine does: %j", (training) => {
  expect(layersTrainAlike(training)).toBe(true);
});

test.each<Training>([
  { loss: "softmax-cross-entropy", optimizer: { kind: "adam" } },
  { loss: "softmax-cross-entropy", optimizer: { kind: "sgd", momentum: 0.9 } },
  { loss: "softmax-cross-entropy", optimizer: { kind: "sgd", weightDecay: 1e-4 } },
  { loss: "softmax-cross-entropy", clipNorm: 5 },
  { loss: "softmax-cross-entropy", trainable: ["head.*"] },
  { loss: { kind: "softmax-cross-entropy", target: "one-hot" } },
  { loss: { kind: "softmax-cross-entropy", weights: [1, 2] } },
  { loss: { kind: "softmax-cross-entropy", ignoreIndex: -1 } },
  { loss: { kind: "huber", delta: 0.5 } },
])("the layers engine would train something else than %j", (training) => {
  expect(layersTrainAlike(training)).toBe(false);
});
