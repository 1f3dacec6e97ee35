import { createRandom } from "@fedge/protocol";
import * as core from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import type { LayersModelSource } from "../convert-layers-model.js";

/** A model of the independent program, and the same one as its files say. */
export interface KerasModel {
  readonly model: tfl.LayersModel;
  readonly source: LayersModelSource;
}

/** A Sequential of these layers, or any model, with seeded weights. */
export function kerasModel(build: (layers: typeof tfl.layers) => tfl.LayersModel | Layers): KerasModel {
  const built = build(tfl.layers);
  const model = Array.isArray(built)
    ? tfl.sequential({ layers: [...built] as tfl.layers.Layer[] })
    : (built as tfl.LayersModel);
  if (!model.built) (model as tfl.Sequential).build();
  const weights = model.weights.map((weight) => {
    const { originalName: name } = weight;
    const shape = weight.shape as number[];
    const random = createRandom(name.replace(/\d+/g, ""));
    const lowest = /variance|gamma/.test(name) ? 0.5 : -0.4;
    const length = shape.reduce((product, size) => product * size, 1);
    const data = Float32Array.from({ length }, () => lowest + 0.8 * random.unit());
    weight.write(core.tensor(data, shape));
    return { name, shape, data };
  });
  const topology = new TextEncoder().encode(model.toJSON(null) as string);
  return { model, source: { topology, weights } };
}

type Layers = readonly tfl.layers.Layer[];
