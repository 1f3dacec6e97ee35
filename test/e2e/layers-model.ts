import { convertLayersModel } from "@fedge/onnx-autodiff/layers";
import * as core from "@tensorflow/tfjs-core";
import {
  input,
  layers,
  model as modelOf,
  type LayersModel,
  type SymbolicTensor,
} from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { CLASSES, INPUTS } from "./digits-task.js";

/** A layers model of the clouds: convolution, pooling, dense layers, softmax. */
export async function cloudsLayersModel(): Promise<LayersModel> {
  await core.setBackend("cpu");
  const seed = 1;
  const kernelInitializer = { className: "GlorotUniform", config: { seed } } as unknown as "glorotUniform";
  const points = input({ shape: [INPUTS], name: "input" });
  const chain = [
    layers.reshape({ targetShape: [INPUTS, 1] }),
    layers.conv1d({ filters: 4, kernelSize: 3, padding: "same", activation: "tanh", kernelInitializer }),
    layers.averagePooling1d({ poolSize: 2 }),
    layers.flatten(),
    layers.dense({ units: 8, activation: "relu", kernelInitializer }),
    layers.dense({ units: CLASSES, activation: "softmax", kernelInitializer, name: "classes" }),
  ];
  const output = chain.reduce((value, layer) => layer.apply(value) as SymbolicTensor, points);
  return modelOf({ inputs: points, outputs: output });
}

/** The model as an ONNX file that can be imported, with its topology in it. */
export async function cloudsConverted(): Promise<Uint8Array<ArrayBuffer>> {
  const model = await cloudsLayersModel();
  const weights = model.weights.map((weight) => ({
    name: weight.originalName,
    shape: weight.shape as number[],
    data: Float32Array.from(weight.read().dataSync()),
  }));
  const topology = new TextEncoder().encode(model.toJSON(null) as string);
  return convertLayersModel({ topology, weights }, { form: "training" }).onnx;
}
