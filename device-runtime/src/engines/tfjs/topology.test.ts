import { describe, expect, test } from "vitest";
import { readTopology, withoutFinalActivation, type LayerConfig } from "./topology.js";

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const dense = (name: string, activation: string): LayerConfig => ({
  class_name: "Dense",
  config: { name, activation },
});
const sequential = (...layers: LayerConfig[]): LayerConfig => ({
  class_name: "Sequential",
  config: { layers },
});
const activationOf = (layer: LayerConfig): unknown => layer.config["activation"];

test.each([
  ["modelTopology", (model: object) => model],
  ["modelTopology with a model_config, as Keras writes it", (model: object) => ({ model_config: model })],
  ["model.json", (model: object) => ({ format: "layers-model", modelTopology: { model_config: model } })],
])("a model is read from a %s", (_, wrap) => {
  expect(readTopology(bytes(wrap(sequential(dense("d", "relu")))))).toEqual(sequential(dense("d", "relu")));
});

test("initializers become zeros, also of layers within layers", () => {
  const orthogonal = { class_name: "Orthogonal", config: { gain: 1 } };
  const inner = { class_name: "GRU", config: { name: "g", recurrent_initializer: orthogonal } };
  const outer = { class_name: "Bidirectional", config: { name: "b", layer: inner } };

  const [layer] = readTopology(bytes(sequential(outer))).config["layers"] as [typeof outer];

  expect(layer.config.layer.config.recurrent_initializer).toEqual({ class_name: "Zeros", config: {} });
});

describe("the final activation is taken off", () => {
  test("a sequential model's last layer only", () => {
    const [first, last] = [dense("a", "softmax"), dense("b", "softmax")];

    withoutFinalActivation(sequential(first, last), "softmax");

    expect([activationOf(first), activationOf(last)]).toEqual(["softmax", "linear"]);
  });

  test("the layer that a functional model names as its output, wherever it stands", () => {
    const [output, other] = [dense("out", "sigmoid"), dense("other", "sigmoid")];
    const config = { layers: [output, other], output_layers: [["out", 0, 0]] };

    withoutFinalActivation({ class_name: "Functional", config }, "sigmoid");

    expect([activationOf(output), activationOf(other)]).toEqual(["linear", "sigmoid"]);
  });

  test("the last layer of a model that is the last layer", () => {
    const inner = dense("a", "softmax");

    withoutFinalActivation(sequential(sequential(inner)), "softmax");

    expect(activationOf(inner)).toBe("linear");
  });

  test("but not another loss's, and not what a recurrent layer uses inside", () => {
    const gru = { class_name: "GRU", config: { name: "g", activation: "sigmoid" } };
    const last = dense("d", "sigmoid");

    withoutFinalActivation(sequential(gru), "sigmoid");
    withoutFinalActivation(sequential(last), "softmax");

    expect([activationOf(gru), activationOf(last)]).toEqual(["sigmoid", "sigmoid"]);
  });
});
