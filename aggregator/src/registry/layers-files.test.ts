import { createGraphBuilder } from "@fedge/onnx-autodiff";
import "@tensorflow/tfjs-backend-cpu";
import * as core from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import type { NamedTensor } from "@fedge/protocol";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { layersModelJson, layersWeights } from "./layers-files.js";

const KERNEL = Float32Array.of(1, -2, 3, 4, 5, -6);
const BIAS = Float32Array.of(0.5, -0.25);
const weights: readonly NamedTensor[] = [
  { name: "dense/kernel", elementType: "float32", shape: [3, 2], data: KERNEL },
  { name: "dense/bias", elementType: "float32", shape: [2], data: BIAS },
];
let model: layers.LayersModel;

function topology(): Uint8Array {
  const dense = layers.layers.dense({ name: "dense", units: 2, inputShape: [3], activation: "tanh" });
  return new TextEncoder().encode(layers.sequential({ layers: [dense] }).toJSON() as unknown as string);
}

/** What the page of a browser does with both files. */
function loaded(): Promise<layers.LayersModel> {
  const json = JSON.parse(
    new TextDecoder().decode(layersModelJson(topology(), weights)),
  ) as core.io.ModelJSON;
  const weightSpecs = json.weightsManifest.flatMap((group) => group.weights);
  const weightData = layersWeights(weights).slice().buffer;
  const { modelTopology } = json;
  return layers.loadLayersModel(core.io.fromMemory({ modelTopology, weightSpecs, weightData }));
}

/** The same model in ONNX, from the same weights. */
function twin(): Uint8Array {
  const g = createGraphBuilder({ name: "twin" });
  const [kernel, bias] = [KERNEL, BIAS].map((data, at) =>
    g.initializer(`w${at}`, { elementType: "float32", shape: at === 0 ? [3, 2] : [2], data }),
  );
  g.output("y", g.op("Tanh", [g.op("Gemm", [g.input("x", "float32", ["N", 3]), kernel ?? "", bias ?? ""])]));
  return g.build();
}

beforeAll(async () => {
  await core.setBackend("cpu");
  model = await loaded();
});
afterAll(() => {
  model.dispose();
});

test("tf.loadLayersModel takes both files, and predicts what the ONNX twin of the model does", async () => {
  const input = [0.1, 0.2, -0.3];
  const actual = await (model.predict(core.tensor2d([input])) as core.Tensor).data();
  const session = await InferenceSession.create(twin());
  const wanted = await session.run({ x: new Tensor("float32", Float32Array.from(input), [1, 3]) });

  const differences = Array.from(actual, (value, at) => Math.abs(value - Number(wanted["y"]?.data[at])));
  expect(Math.max(...differences)).toBeLessThan(1e-6);
});

test("a weight of a type that tfjs layers do not have is refused", () => {
  const wide: NamedTensor = { name: "w", elementType: "float64", shape: [1], data: new Float64Array(1) };

  expect(() => layersModelJson(topology(), [wide])).toThrow('weight "w" is float64');
});

test.each(["not json", "[]", '"text"'])("a stored topology %s is DATA_CORRUPT", (text) => {
  expect(() => layersModelJson(new TextEncoder().encode(text), weights)).toThrow("import the model again");
});
