import * as core from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { layersTopologyOf } from "../model/layers-topology.js";
import { convertLayersModel, type LayersModelSource } from "./convert-layers-model.js";
import { kerasModel } from "./testing/keras-model.js";

beforeAll(() => core.setBackend("cpu"));

const topology = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const layer = (className: string, config: object = {}, inbound?: unknown) => ({
  class_name: className,
  config: { name: className.toLowerCase(), ...config },
  ...(inbound === undefined ? {} : { inbound_nodes: inbound }),
});
const sequential = (...layers: readonly object[]) =>
  topology({ class_name: "Sequential", config: { name: "model", layers } });
const input = layer("InputLayer", { batch_input_shape: [null, 4] });
const dense = layer("Dense", { units: 2 });
const weights: LayersModelSource["weights"] = [
  { name: "dense/kernel", shape: [4, 2], data: new Float32Array(8) },
  { name: "dense/bias", shape: [2], data: new Float32Array(2) },
];

/** As text: whoever writes it from objects runs out of stack before whoever reads it. */
function nested(depth: number): Uint8Array {
  const head = '{"class_name":"Sequential","config":{"name":"model","layers":[';
  return new TextEncoder().encode(head.repeat(depth) + JSON.stringify(dense) + "]}}".repeat(depth));
}

function graph(...layers: readonly object[]): Uint8Array {
  const [input_layers, output_layers] = [[["inputlayer", 0, 0]], [["dense", 0, 0]]];
  return topology({
    class_name: "Functional",
    config: { name: "model", layers, input_layers, output_layers },
  });
}

describe("a layers model is refused, naming the layer, for", () => {
  test.each<[string, Uint8Array, string, RegExp]>([
    ["no JSON", new Uint8Array([0x80]), "ONNX_MALFORMED", /UTF-8 JSON/],
    ["JSON that is no model", topology({ class_name: "Dense", config: {} }), "ONNX_MALFORMED", /Sequential/],
    ["no layers", sequential(), "ONNX_MALFORMED", /0 layers/],
    ["a layer without a name", sequential({ class_name: "Dense", config: {} }), "ONNX_MALFORMED", /no name/],
    ["no input shape", sequential(dense), "ONNX_MALFORMED", /"dense" \(Dense\).*input shape/],
    ["models nested 10,000 deep", nested(10_000), "ONNX_MALFORMED", /no input shape/],
    ["two layers of one name", sequential(input, dense, dense), "ONNX_MALFORMED", /same name/],
    [
      "a layer of an unknown class",
      sequential(input, layer("Nonsense")),
      "ONNX_UNSUPPORTED_OPERATOR",
      /"nonsense" \(Nonsense\)/,
    ],
    [
      "an unknown activation",
      sequential(input, layer("Dense", { units: 2, activation: "zap" })),
      "ONNX_UNSUPPORTED_OPERATOR",
      /zap/,
    ],
    ["a size that is none", sequential(input, layer("Dense", { units: -2 })), "ONNX_MALFORMED", /units/],
    [
      "channels first",
      sequential(
        layer("Conv2D", {
          batch_input_shape: [null, 4, 4, 1],
          filters: 1,
          kernel_size: 2,
          data_format: "channels_first",
        }),
      ),
      "ONNX_UNSUPPORTED_OPERATOR",
      /channels_first/,
    ],
    [
      "a mask",
      sequential(
        layer("Embedding", { batch_input_shape: [null, 4], input_dim: 3, output_dim: 2, mask_zero: true }),
      ),
      "ONNX_UNSUPPORTED_OPERATOR",
      /mask_zero/,
    ],
    [
      "a cycle",
      graph(input, layer("Dense", { units: 4 }, [[["dense", 0, 0, {}]]])),
      "ONNX_MALFORMED",
      /cycle/,
    ],
    [
      "a layer that is not there",
      graph(input, layer("Dense", { units: 2 }, [[["ghost", 0, 0, {}]]])),
      "ONNX_MALFORMED",
      /ghost/,
    ],
    [
      "a call that is not there",
      graph(input, layer("Dense", { units: 2 }, [])),
      "ONNX_MALFORMED",
      /never called/,
    ],
    [
      "calls in the form of Keras 3",
      graph(input, layer("Dense", { units: 2 }, [{ args: [] }])),
      "ONNX_MALFORMED",
      /newer Keras/,
    ],
    [
      "a weight of another shape",
      sequential(input, layer("Dense", { units: 3 })),
      "ONNX_SHAPE_MISMATCH",
      /\[4, 2\] instead of \[4, 3\]/,
    ],
    [
      "a weight that is missing",
      sequential(input, layer("Dense", { units: 2, name: "other" })),
      "ONNX_MALFORMED",
      /"other\/kernel"/,
    ],
  ])("%s", (_, bytes, code, message) => {
    expect(() => convertLayersModel({ topology: bytes, weights })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
    );
  });

  test("a weight whose numbers are not as many as its shape says", () => {
    const short = weights.map((weight) => ({ ...weight, data: new Float32Array(1) }));

    expect(() => convertLayersModel({ topology: sequential(input, dense), weights: short })).toThrow(
      expect.objectContaining({ code: "ONNX_SHAPE_MISMATCH" }),
    );
  });

  test("noise that cannot be trained, in the training form only", () => {
    const { source } = kerasModel((l) => [
      l.dense({ units: 2, inputShape: [4] }),
      l.gaussianNoise({ stddev: 1 }),
    ]);

    expect(() => convertLayersModel(source)).not.toThrow();
    expect(() => convertLayersModel(source, { form: "training" })).toThrow(
      expect.objectContaining({ code: "ONNX_UNSUPPORTED_OPERATOR" }),
    );
  });
});

describe("a converted model", () => {
  test("notes the topology that it came from", () => {
    const { source } = kerasModel((l) => [l.dense({ units: 2, inputShape: [4] })]);

    expect(layersTopologyOf(convertLayersModel(source).onnx)).toEqual(source.topology);
  });

  test("tells which weights are trainable: not those of frozen layers, and no moving statistics", () => {
    const { source } = kerasModel((l) => [
      l.dense({ units: 2, inputShape: [4], name: "base", trainable: false }),
      l.batchNormalization({ name: "norm" }),
      l.dense({ units: 2, name: "head" }),
    ]);

    expect(convertLayersModel(source)).toMatchObject({
      trainable: ["norm/gamma", "norm/beta", "head/kernel", "head/bias"],
      frozen: ["base/kernel", "base/bias"],
    });
  });

  test("takes weights under the names that Keras gives them, with a cell between layer and part", () => {
    const { source } = kerasModel((l) => [
      l.simpleRNN({ units: 2, inputShape: [3, 4], name: "rnn", recurrentInitializer: "zeros" }),
    ]);
    const renamed = source.weights.map((weight) => ({
      ...weight,
      name: weight.name.replace("/", "/simple_rnn_cell/"),
    }));

    expect(convertLayersModel({ ...source, weights: renamed }).onnx).toEqual(convertLayersModel(source).onnx);
  });
});
